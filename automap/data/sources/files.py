"""Image files on disk as records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from automap.interfaces.sample import IMAGE, BadSample, Sample, SplitName

IMAGE_SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".jp2", ".avif"]
)
"""Endings of the files that Pillow reads as images."""

JUNK = frozenset({"thumbs.db", "desktop.ini", "icon\r", "__macosx"})
"""Files and folders that operating systems leave behind; hidden ones, with a dot, are passed over too."""


class FoundFile(NamedTuple):
    """A file below a folder."""

    path: Path
    name: str
    """Relative to the folder."""
    version: str
    """Changes whenever the content does; empty if the file cannot be read."""
    reason: str
    """Why it cannot be used; empty if it may."""


def is_junk(name: str) -> bool:
    """Return whether a file or folder was left behind by an operating system."""
    return name.startswith(".") or name.lower() in JUNK


def is_image_name(name: str) -> bool:
    """Return whether a file is named as an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def as_text(name: str | Path) -> str:
    """Return the name of a file as valid text: bytes of it that are no UTF-8 are written as hexadecimal escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def file_version(path: Path | str) -> str:
    """Return what changes whenever a file's content does: its size and time of modification.

    Raises:
        OSError: if it is not there or cannot be read.
    """
    return _version(os.stat(path))


def file_record(
    path: Path, name: str, target: Any, *, group: str | None = None, split: SplitName | None = None
) -> Sample | BadSample:
    """Return the record of an image file, without opening it; a file that is not there or empty is a bad one."""
    try:
        status = os.stat(path)
    except OSError as error:
        return BadSample(name, f"cannot be read: {error.strerror}")
    except ValueError:  # A path with a zero byte.
        return BadSample(name, "cannot be read: no valid path")
    if reason := _unusable(status):
        return BadSample(name, reason)
    return Sample(name, {IMAGE: path}, target, _version(status), group, split)


def walk_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder in a stable order; links to folders are followed, but not in circles."""
    return (found.path for found in scan(root))


def scan(root: Path) -> Iterator[FoundFile]:
    """Yield the files below a folder in the order of their names, folder by folder.

    Links to folders are followed, but no folder is entered twice, nor one that `root` lies in: that would be a circle.
    Hidden files and those that operating systems leave behind are passed over.
    """
    real = Path(os.path.realpath(root))
    entered = {_identity(os.stat(folder)) for folder in real.parents}
    yield from _scan(root, "", entered)


def _scan(folder: Path, prefix: str, entered: set[tuple[int, int]]) -> Iterator[FoundFile]:
    try:
        status = os.stat(folder)
        if _identity(status) in entered:
            return
        entered.add(_identity(status))
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not is_junk(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        yield FoundFile(folder, prefix or str(folder), "", f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        if entry.is_dir():
            yield from _scan(folder / entry.name, f"{prefix}{entry.name}/", entered)
        else:
            yield _found(folder, prefix, entry)


def _found(folder: Path, prefix: str, entry: os.DirEntry[str]) -> FoundFile:
    # A name that is no valid text can be opened, but neither stored nor shown.
    name = as_text(prefix + entry.name)
    try:
        status = entry.stat()
    except OSError as error:
        return FoundFile(folder / entry.name, name, "", f"cannot be read: {error.strerror}")
    reason = _unusable(status) if is_image_name(entry.name) else "not an image"
    return FoundFile(folder / entry.name, name, _version(status), reason)


def _version(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _unusable(status: os.stat_result) -> str:
    if status.st_size == 0:  # So are named pipes and devices, which must not be opened.
        return "zero bytes"
    return "is a folder" if (status.st_mode & 0o170000) == 0o040000 else ""
