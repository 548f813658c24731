"""Locks between the processes of one machine, one for each cache; a process that is killed lets go of its own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(root: Path, name: str) -> Iterator[None]:
    """Wait until no other process holds a cache, and hold it.

    Args:
        root: folder of all caches; it is made.
        name: of the cache.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _lock_file(root, name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_if_free(root: Path, name: str) -> Iterator[bool]:
    """Hold a cache unless another process does.

    Args:
        root: folder of all caches.
        name: of the cache.

    Yields:
        Whether no other process holds it.
    """
    try:
        file = _lock_file(root, name).open("w")
    except OSError:  # A folder that is only read: nobody holds anything there.
        yield True
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _lock_file(root: Path, name: str) -> Path:
    return root / f"{name}.lock"
