"""Decoded data sets that machines share: what one has decoded, the others fetch.

A cache lies at a URL as it lies on disk, in a folder named by its fingerprint. Its manifest comes last: a cache without
one is being written, and nobody reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from automap.data.cache.lock import locked_if_free
from automap.data.cache.reader import MANIFEST_FILE, Cache
from automap.data.scan.listing import Progress
from automap.exceptions import StorageError
from automap.store import remote

_MB = 10**6


class _Manifest(BaseModel):
    """What is needed of a manifest to fetch its files; a name that leads out of the folder is refused."""

    files: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], Annotated[int, Field(ge=0)]]


def fetch(url: str, name: str, folder: Path, progress: Progress) -> bool:
    """Copy a decoded data set from a URL; what an earlier try has copied is not copied again.

    Args:
        url: where machines share their caches.
        name: the cache's folder there.
        folder: where its files go, the manifest last.
        progress: called with megabytes done, megabytes in all, and what is being done.

    Returns:
        Whether it lies there.

    Raises:
        ConnectionLost: if the URL does not answer.
        StorageError: if it cannot be read, files are missing or cut there, or the disk is full.
    """
    place = remote.child(url, name)
    with _advising("without 'cache' in the spec and AUTOMAP_SHARED_CACHE this machine decodes the data set itself"):
        manifest = remote.read_text(remote.child(place, MANIFEST_FILE))
        if manifest is None:
            return False
        done, sizes = 0, _sizes(place, manifest)
        for file, size in sizes.items():
            progress(done // _MB, sum(sizes.values()) // _MB, "fetching, MB")
            _fetch_file(place, folder / file, size)
            done += size
    progress(done // _MB, done // _MB, "fetching, MB")
    (folder / MANIFEST_FILE).write_text(manifest, encoding="utf-8")
    return True


def _sizes(place: str, manifest: str) -> dict[str, int]:
    try:
        return _Manifest.model_validate_json(manifest).files
    except ValidationError as error:
        raise _damaged(place, f"{MANIFEST_FILE}: {error.errors()[0]['msg']}") from None


def _fetch_file(place: str, path: Path, size: int) -> None:
    if path.exists() and path.stat().st_size == size:
        return
    if not remote.pull_file(remote.child(place, path.name), path) or path.stat().st_size != size:
        raise _damaged(place, f"{path.name} is missing or has another size")


def _damaged(place: str, reason: str) -> StorageError:
    return StorageError(
        f"shared cache {place}: {reason}; delete that folder, and the next machine that has the data set decoded "
        "writes it again"
    )


def share(cache: Cache, url: str, progress: Progress) -> None:
    """Copy a decoded data set to a URL, unless it lies there; several machines may do so at once.

    Of several processes on this machine one does so, and the others go on.

    Args:
        cache: this machine's.
        url: where machines share their caches.
        progress: called with megabytes done, megabytes in all, and what is being done.

    Raises:
        ConnectionLost: if the URL does not answer.
        StorageError: if it cannot be written; this machine's cache stays.
    """
    place = remote.child(url, cache.path.name)
    with _advising(f"the decoded data set stays in {cache.path}, and 'cache' in the spec may be left out"):
        if remote.read_text(remote.child(place, MANIFEST_FILE)) is not None:
            return
        with locked_if_free(cache.path.parent, cache.path.name) as mine:
            if mine:
                _push_all(cache, place, progress)


def _push_all(cache: Cache, place: str, progress: Progress) -> None:
    sizes: dict[str, int] = cache.about["files"]
    done, total, there = 0, sum(sizes.values()), remote.file_sizes(place)
    for file, size in sizes.items():
        progress(done // _MB, total // _MB, "sharing, MB")
        if there.get(file) != size:
            remote.push(cache.path / file, place)
        done += size
    progress(total // _MB, total // _MB, "sharing, MB")
    remote.push(cache.path / MANIFEST_FILE, place)


@contextmanager
def _advising(advice: str) -> Iterator[None]:
    """Add to an error of the URL what it means for this machine."""
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{error} ({advice})") from error
