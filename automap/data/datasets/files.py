"""Image files on disk as records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from automap.spec.kinds import BadRecord, Record, SplitName

IMAGE_SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".jp2", ".avif"]
)
"""Endings of the files that Pillow reads as images."""

JUNK = frozenset({"thumbs.db", "desktop.ini", "icon\r", "__macosx"})
"""Files and folders that operating systems leave behind; hidden ones, with a dot, are passed over too."""


def is_junk(name: str) -> bool:
    """Return whether a file or folder was left behind by an operating system."""
    return name.startswith(".") or name.lower() in JUNK


def file_record(
    path: Path, name: str, label: str, *, group: str | None = None, split: SplitName | None = None
) -> Record | BadRecord:
    """Return the record of an image file, without opening it; a file that is not there or empty is a bad one."""
    try:
        status = path.stat()
    except OSError as error:
        return BadRecord(name, f"cannot be read: {error.strerror}")
    if status.st_size == 0:
        return BadRecord(name, "zero bytes")
    # Size and time of modification change whenever the content does.
    return Record(name, path, label, f"{status.st_size}-{status.st_mtime_ns}", group, split)


def walk_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder in a stable order; links to folders are followed, but not in circles."""
    yield from _walk(root, frozenset({os.path.realpath(root)}))


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    with os.scandir(folder) as scan:
        entries = sorted((entry for entry in scan if not is_junk(entry.name)), key=lambda entry: entry.name)
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir():
            real = os.path.realpath(path)
            if real not in above:
                yield from _walk(path, above | {real})
        else:
            yield path
