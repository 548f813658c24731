"""Decoded data sets that machines share: what one has decoded, the others fetch.

A cache lies at a URL as it lies on disk, in a folder named by its fingerprint. Its manifest comes last: a cache without
one is being written, and nobody reads it.
"""

from __future__ import annotations

import json
from pathlib import Path

from automap.data.cache import MANIFEST_FILE, Cache
from automap.data.listing import Progress
from automap.exceptions import StorageError
from automap.store import remote

_MB = 10**6


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
    manifest = remote.read_text(remote.child(place, MANIFEST_FILE))
    if manifest is None:
        return False
    sizes: dict[str, int] = json.loads(manifest)["files"]
    done, total = 0, sum(sizes.values())
    for file, size in sizes.items():
        progress(done // _MB, total // _MB, "fetching, MB")
        _fetch_file(place, folder / file, size)
        done += size
    (folder / MANIFEST_FILE).write_text(manifest, encoding="utf-8")
    return True


def _fetch_file(place: str, path: Path, size: int) -> None:
    if path.exists() and path.stat().st_size == size:
        return
    if not remote.pull_file(remote.child(place, path.name), path) or path.stat().st_size != size:
        raise StorageError(
            f"shared cache {place}: {path.name} is missing or has another size; delete that folder, and the next "
            "machine that decodes the data set writes it again"
        )


def share(cache: Cache, url: str, progress: Progress) -> None:
    """Copy a decoded data set to a URL, unless it lies there; several machines may do so at once.

    Args:
        cache: this machine's.
        url: where machines share their caches.
        progress: called with megabytes done, megabytes in all, and what is being done.

    Raises:
        ConnectionLost: if the URL does not answer.
        StorageError: if it cannot be written; this machine's cache stays.
    """
    place = remote.child(url, cache.path.name)
    if remote.read_text(remote.child(place, MANIFEST_FILE)) is not None:
        return
    sizes: dict[str, int] = cache.about["files"]
    done, total, there = 0, sum(sizes.values()), remote.file_sizes(place)
    for file, size in sizes.items():
        progress(done // _MB, total // _MB, "sharing, MB")
        if there.get(file) != size:
            remote.push(cache.path / file, place)
        done += size
    remote.push(cache.path / MANIFEST_FILE, place)
