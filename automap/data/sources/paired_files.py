"""Two folders whose files belong together by name: images and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from automap.data.sources.files import IMAGE_SUFFIXES, file_version, scan
from automap.data.sources.folder import SPLIT_FOLDERS
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, SplitName

_ENDINGS = (".png", *sorted(IMAGE_SUFFIXES - {".png"}))


class Match(NamedTuple):
    """An image file and the file that belongs to it."""

    name: str
    """Of the image, relative to its folder."""
    image: Path
    image_version: str
    other: Path
    other_version: str
    split: SplitName | None
    """Where the image lies in a folder named train, val or test."""


def matching_files(images: Path, others: Path, suffix: str, what: str) -> Iterator[Match | BadSample]:
    """Yield each image with the file of the same name, whatever its ending, in another folder.

    Args:
        images: folder of the images, subfolders included.
        others: the other folder, with the same subfolders.
        suffix: what the other's name has after the image's, before the ending, such as ``_mask``.
        what: how the other is called in a reason.

    Raises:
        DataError: if a folder is missing.
    """
    for folder in (images, others):
        if not folder.is_dir():
            raise DataError(f"dataset.path: there is no folder {folder}")
    for found in scan(images):
        if found.reason:
            yield BadSample(found.name, found.reason)
            continue
        beside = others / found.path.relative_to(images).parent
        other = _named(beside, f"{found.path.stem}{suffix}", found.path.suffix)
        if other is None:
            yield BadSample(found.name, f"no {what} of its name")
            continue
        yield Match(found.name, found.path, found.version, other, file_version(other), split_of(found.name))


def split_of(name: str) -> SplitName | None:
    """Return the split that a file's first folder names, if it names one."""
    return SPLIT_FOLDERS.get(name.split("/", 1)[0].lower()) if "/" in name else None


def _named(folder: Path, stem: str, ending: str) -> Path | None:
    for each in (ending, *_ENDINGS):
        if (path := folder / f"{stem}{each}").is_file():
            return path
    return None
