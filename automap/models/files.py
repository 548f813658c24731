"""Which image files a user means: files, folders, patterns, and lists on standard input."""

from __future__ import annotations

import codecs
import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from automap.data.sources.files import walk_files
from automap.data.sources.layout import is_image_name
from automap.exceptions import UserError
from automap.store.remote import is_remote

STDIN = "-"


class ImageFiles(NamedTuple):
    """Files to read."""

    files: list[Path]
    ignored: list[Path]
    """Files in the given folders that are not named as images."""


def image_files(paths: Sequence[str], listed: Iterable[str] | None = None) -> ImageFiles:
    """Return the files that paths, folders and patterns stand for, each once, in order.

    Args:
        paths: files, folders (searched recursively), glob patterns, or ``-`` for a list of files.
        listed: lines of that list; None for standard input.

    Raises:
        UserError: if a path does not exist, is not a file or folder, or a folder or pattern has no images.
    """
    files: dict[Path, None] = {}
    ignored: dict[Path, None] = {}
    for path in paths:
        if path == STDIN:
            files |= dict.fromkeys(_from_list(_standard_input() if listed is None else listed))
            continue
        for found in _matches(path):
            if found.is_dir():
                inside = list(walk_files(found))
                images = [file for file in inside if is_image_name(file.name)]
                if not images:
                    raise UserError(f"the folder {found} has no images")
                files |= dict.fromkeys(images)
                ignored |= dict.fromkeys(file for file in inside if not is_image_name(file.name))
            else:
                files[_regular(found)] = None
    if not files:
        raise UserError("no images given")
    return ImageFiles(list(files), list(ignored))


def _matches(path: str) -> list[Path]:
    if not path:
        raise UserError("the path of an image is empty")
    _refuse_url(path)
    # A file that is called so comes before a pattern: `photo[final].png`.
    if Path(path).exists() or not glob.has_magic(path):
        return [Path(path)]
    found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise UserError(f"no file matches the pattern {path}")
    return [Path(each) for each in found]


def _refuse_url(path: str) -> None:
    if is_remote(path):
        raise UserError(f"{path}: images are read from files, not from URLs; download it first")


def _standard_input() -> Iterator[str]:
    """Yield the names on standard input: any bytes, separated by line breaks or by zero bytes (``find -print0``)."""
    for number, line in enumerate(sys.stdin.buffer):
        yield from os.fsdecode(line.removeprefix(codecs.BOM_UTF8) if number == 0 else line).split("\0")


def _from_list(lines: Iterable[str]) -> list[Path]:
    # Files of a list are checked when they are read: one missing file does not end a run over thousands.
    names = [line for line in (each.rstrip("\r\n") for each in lines) if line.strip()]
    for name in names:
        _refuse_url(name)
    return [Path(name) for name in names]


def _regular(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UserError(f"no such file: {path}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(mode):
        raise UserError(f"{path} is not a regular file")
    return path
