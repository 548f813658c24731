"""Caches that machines share: one machine decodes the data, the others fetch it.

At the URL, a cache is stored as on disk, in a folder named after its fingerprint. The manifest is written last: a cache
without one is incomplete and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from automap.data.cache.manifest import Manifest, checksum, parse_manifest
from automap.data.cache.reader import MANIFEST_FILE, Cache
from automap.data.scan.listing import Progress
from automap.exceptions import StorageError
from automap.store import remote
from automap.store.atomic import write_text

_MB = 10**6


def fetch(url: str, name: str, folder: Path, progress: Progress) -> bool:
    """Copy a cache from a URL; files that an earlier attempt has copied are kept.

    Args:
        url: where machines share their caches.
        name: the cache's folder there.
        folder: where its files go, the manifest last.
        progress: called with megabytes done, megabytes in all, and what is being done.

    Returns:
        Whether the cache exists there.

    Raises:
        ConnectionLost: if the URL does not answer.
        StorageError: if it cannot be read, files are missing or cut there, or the disk is full.
    """
    place = remote.child(url, name)
    with _advising("without 'cache' in the spec and AUTOMAP_SHARED_CACHE this machine decodes the data set itself"):
        manifest = remote.read_text(remote.child(place, MANIFEST_FILE))
        if manifest is None:
            return False
        expected = _parsed(place, manifest)
        done, sizes = 0, expected.files
        for file, size in sizes.items():
            progress(done // _MB, sum(sizes.values()) // _MB, "fetching, MB")
            _fetch_file(place, folder / file, size, expected.checksums.get(file))
            done += size
    progress(done // _MB, done // _MB, "fetching, MB")
    write_text(folder / MANIFEST_FILE, manifest)
    return True


def _parsed(place: str, manifest: str) -> Manifest:
    try:
        return parse_manifest(manifest)
    except ValueError as error:
        raise _damaged(place, f"{MANIFEST_FILE}: {error}") from None


def _fetch_file(place: str, path: Path, size: int, expected: int | None) -> None:
    if path.exists() and path.stat().st_size == size and checksum(path) == expected:
        return
    if not remote.pull_file(remote.child(place, path.name), path) or path.stat().st_size != size:
        raise _damaged(place, f"{path.name} is missing or has another size")
    if checksum(path) != expected:
        raise _damaged(place, f"{path.name} is damaged: its checksum does not match")


def _damaged(place: str, reason: str) -> StorageError:
    return StorageError(
        f"shared cache {place}: {reason}; delete that folder: the next machine that has decoded the data set "
        "writes it again"
    )


def share(cache: Cache, url: str, progress: Progress) -> None:
    """Copy a cache to a URL, unless it exists there; safe with several machines.

    Of several processes on this machine, one copies and the others continue.

    Args:
        cache: the cache of this machine.
        url: where machines share their caches.
        progress: called with megabytes done, megabytes in all, and what is being done.

    Raises:
        ConnectionLost: if the URL does not answer.
        StorageError: if it cannot be written; this machine's cache is kept.
    """
    place = remote.child(url, cache.path.name)
    with _advising(f"the decoded data set stays in {cache.path}; 'cache' can be left out of the spec"):
        if remote.read_text(remote.child(place, MANIFEST_FILE)) is not None:
            return
        lock = FileLock(cache.path.with_name(f"{cache.path.name}.lock"))
        try:
            with lock.acquire(blocking=False):
                _push_all(cache, place, progress)
        except Timeout:
            pass  # Another process of this machine copies it.


def _push_all(cache: Cache, place: str, progress: Progress) -> None:
    sizes = cache.manifest.files
    done, total, there = 0, sum(sizes.values()), remote.file_sizes(place)
    for file, size in sizes.items():
        progress(done // _MB, total // _MB, "sharing, MB")
        if there.get(file) != size:
            cache.verifier.check(file)
            remote.push(cache.path / file, place)
        done += size
    progress(total // _MB, total // _MB, "sharing, MB")
    remote.push(cache.path / MANIFEST_FILE, place)


@contextmanager
def _advising(advice: str) -> Iterator[None]:
    """Add advice for this machine to an error of the URL."""
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{error} ({advice})") from error
