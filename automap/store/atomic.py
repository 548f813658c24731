"""Writing files that survive a power cut."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step; it survives a power cut."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file in one step: it has its old content or its new one, also after a power cut.

    Args:
        path: of the file; whatever is there is replaced.
        write: writes to the open temporary file beside it.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a complete file, whose content is on disk, over another one."""
    make_way(path)
    temporary.replace(path)
    sync_folder(path.parent)


def require_file(path: Path) -> None:
    """Raise ValueError if a path is not a regular file: a folder, a link, or a pipe that would be read for ever."""
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is not a regular file")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def make_way(path: Path) -> None:
    """Rename a folder that has the name of a file; nobody knows what it is, so nothing in it is deleted."""
    if path.is_dir() and not path.is_symlink():
        names = (path.with_name(f"{path.name}.unusable-{number}") for number in itertools.count(1))
        path.rename(next(name for name in names if not os.path.lexists(name)))


def sync_file(path: Path) -> None:
    """Wait until a file's content is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder's files are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        # Some network file systems cannot sync a folder.
        pass
    finally:
        os.close(handle)
