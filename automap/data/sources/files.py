"""Files on disk: listing folders, describing images, reading text."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from automap.data.sources.layout import as_text, is_image_name, is_junk
from automap.exceptions import DataError
from automap.interfaces.sample import IMAGE, BadSample, Sample, SplitName

MAX_TEXT_BYTES = 2**31
"""Largest text file that is read."""
NOT_REGULAR = "not a regular file"
"""Why named pipes, devices and sockets are never opened: reading one may block forever or never end."""


class FoundFile(NamedTuple):
    """A file below a folder."""

    path: Path
    name: str
    """Relative to the folder."""
    version: str
    """Changes whenever the content does; empty if the file cannot be read."""
    reason: str
    """Why it cannot be used; empty if it can."""


def file_version(path: Path | str) -> str:
    """Return the size and modification time of a file, which change whenever its content does.

    Raises:
        OSError: if the file is missing or cannot be read.
    """
    return _version(os.stat(path))


def file_record(
    path: Path,
    name: str,
    target: Any,
    *,
    group: str | None = None,
    split: SplitName | None = None,
    stated: str = "",
) -> Sample | BadSample:
    """Return the sample of an image file without opening it; a missing or empty file is a bad sample.

    Args:
        path: of the image.
        name: of the sample.
        target: of the sample.
        group: of the sample.
        split: of the sample.
        stated: the path of the image as a table or an annotation file states it, which may explain why it is missing.
    """
    try:
        path = existing(path)
        status = os.stat(path)
    except OSError as error:
        if hint := _path_hint(path, stated):
            return BadSample(name, hint)
        return BadSample(name, f"cannot be read: {error.strerror}", as_text(path))
    except ValueError:  # A path with a zero byte.
        return BadSample(name, "cannot be read: not a valid path")
    if reason := _unusable(status):
        return BadSample(name, reason)
    return Sample(name, {IMAGE: path}, target, _version(status), group, split)


def _path_hint(path: Path, stated: str) -> str:
    """Return why no file has a stated path, if it is a URL or was written on Windows; else an empty text."""
    if "://" in stated:
        return "a URL; download the images and write their paths"
    if PureWindowsPath(stated).drive:
        return "a path with a drive letter; write relative paths, with /"
    if "\\" in stated and existing(Path(str(path).replace("\\", "/"))).exists():
        return "no such file; its path has backslashes: write / instead"
    return ""


def existing(path: Path) -> Path:
    """Return a path, or the same one with its letters composed or decomposed (NFC or NFD) if only that exists."""
    if str(path).isascii() or os.path.lexists(path):
        return path
    other = (Path(unicodedata.normalize(form, str(path))) for form in ("NFC", "NFD"))
    return next((each for each in other if os.path.lexists(each)), path)


def read_text(path: Path, field: str = "path") -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Args:
        path: the file.
        field: of the data set, which an error names.

    Raises:
        DataError: if the file is missing, is not a regular file, is too large or is not UTF-8.
    """
    content = read_bytes(path, field)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"dataset.{field}: {path}:{line}: not UTF-8 text (byte {error.start})") from None


def read_bytes(path: Path, field: str = "path") -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        field: of the data set, which an error names.

    Raises:
        DataError: if the file is missing, is not a regular file or is too large.
    """
    status = regular_file(path, field)
    if status.st_size > MAX_TEXT_BYTES:
        raise DataError(f"dataset.{field}: {path} is too large ({status.st_size / 1e9:.1f} GB)")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"dataset.{field}: {path} cannot be read: {error.strerror}") from None


def regular_file(path: Path, field: str = "path") -> os.stat_result:
    """Return the status of a file that may be opened.

    Args:
        path: the file.
        field: of the data set, which an error names.

    Raises:
        DataError: if the file is missing, or is a folder, a named pipe or a device.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise DataError(f"dataset.{field}: there is no file {path}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a valid path"
        raise DataError(f"dataset.{field}: {path} cannot be read: {reason}") from None
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"dataset.{field}: {path} is a folder; expected a file")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"dataset.{field}: {path} is {NOT_REGULAR}")
    return status


def walk_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder in a stable order; links to folders are followed, but not in circles."""
    return (found.path for found in scan(root))


def scan(root: Path) -> Iterator[FoundFile]:
    """Yield the files below a folder in the order of their names, folder by folder.

    Links to folders are followed, but no folder is entered twice, nor one that contains `root`: that would be a circle.
    Hidden files and those that operating systems leave behind are left out.
    """
    entered: set[tuple[int, int]] = set()
    # What cannot be read above the folder is not a circle either.
    with contextlib.suppress(OSError):
        entered |= {_identity(os.stat(folder)) for folder in Path(os.path.realpath(root)).parents}
    # A stack instead of recursion: folders may be nested deeper than Python's limit.
    stack: list[Iterator[FoundFile | tuple[Path, str]]] = [_entries(root, "", entered)]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
        elif isinstance(found, FoundFile):
            yield found
        else:
            stack.append(_entries(*found, entered))


def subfolders(path: Path) -> list[Path]:
    """Return the folders in a folder by name, without hidden ones and those that operating systems leave behind.

    Raises:
        DataError: if the folder cannot be read, or a name in it is not UTF-8.
    """
    try:
        found = sorted(entry for entry in path.iterdir() if not is_junk(entry.name) and entry.is_dir())
    except OSError as error:
        raise DataError(f"dataset.path: {path} cannot be read: {error.strerror}") from None
    for folder in found:
        if (shown := as_text(folder)) != str(folder):
            raise DataError(f"dataset.path: the name of the folder {shown} is not valid UTF-8; rename it")
    return found


def images_in(path: Path) -> list[Path]:
    """Return the image files that lie directly in a folder, by name."""
    try:
        return sorted(
            entry
            for entry in path.iterdir()
            if is_image_name(entry.name) and not is_junk(entry.name) and not entry.is_dir()
        )
    except OSError:
        return []


def holds_images(path: Path) -> bool:
    """Return whether an image file lies anywhere below a folder."""
    return any(is_image_name(found.path.name) for found in scan(path))


def _entries(folder: Path, prefix: str, entered: set[tuple[int, int]]) -> Iterator[FoundFile | tuple[Path, str]]:
    """Yield the files of a folder, and each folder in it with its prefix, by name."""
    try:
        identity = _identity(os.stat(folder))
        if identity in entered:
            return
        entered.add(identity)
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not is_junk(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        yield FoundFile(folder, as_text(prefix or str(folder)), "", f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        if _is_folder(entry):
            yield folder / entry.name, f"{prefix}{entry.name}/"
        else:
            yield _found(folder, prefix, entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # For instance a link to itself.
        return False


def _found(folder: Path, prefix: str, entry: os.DirEntry[str]) -> FoundFile:
    # A name that is not valid text can be opened, but neither stored nor shown.
    name = as_text(prefix + entry.name)
    try:
        status = entry.stat()
    except OSError as error:
        reason = "a link to itself" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        return FoundFile(folder / entry.name, name, "", reason)
    reason = _unusable(status) if is_image_name(entry.name) else "not an image"
    return FoundFile(folder / entry.name, name, _version(status), reason)


def _version(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _unusable(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        return "is a folder"
    if not stat.S_ISREG(status.st_mode):
        return NOT_REGULAR
    return "" if status.st_size else "zero bytes"
