"""Two folders whose files belong together by name: images, and masks or targets for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from automap.data.sources.files import file_version, images_in, scan, subfolders
from automap.data.sources.layout import composed, is_image_name, split_named, split_of_path
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, Notice, SplitName


class FolderPair(NamedTuple):
    """A folder of images and the folder of what belongs to them."""

    images: Path
    others: Path
    prefix: str
    """Of the names of its images: empty, or the folder of a split with a slash."""
    split: SplitName | None


class Match(NamedTuple):
    """An image file and the file that belongs to it."""

    name: str
    """Of the image, relative to its folder."""
    image: Path
    image_version: str
    other: Path
    other_version: str
    split: SplitName | None
    """Named by a folder in which the image lies."""


def folder_pairs(root: Path, images: str, others: str) -> list[FolderPair]:
    """Return the two folders in a folder, or in each of its folders that is named as a split.

    Args:
        root: the folder.
        images: name of the folder of images.
        others: name of the other folder.

    Raises:
        DataError: if a folder is missing.
    """
    if not (root / images).is_dir() and root.is_dir():
        splits = [folder for folder in subfolders(root) if split_named(folder.name) is not None]
        found = [
            FolderPair(folder / images, folder / others, f"{folder.name}/", split_named(folder.name))
            for folder in splits
            if (folder / images).is_dir()
        ]
    else:
        found = []
    found = found or [FolderPair(root / images, root / others, "", None)]
    for missing in (folder for pair in found for folder in pair[:2] if not folder.is_dir()):
        raise DataError(f"dataset.path: there is no folder {missing}")
    return found


def matching_files(pair: FolderPair, suffix: str, what: str) -> Iterator[Match | BadSample | Notice]:
    """Yield each image with the file of the same name in another folder; whatever has no partner is named.

    Args:
        pair: the folders, with the same subfolders in both.
        suffix: what the other's name has after the image's, such as ``_mask``; suffixes of file types may differ.
        what: the other's name in messages, such as ``mask``.
    """
    index = _Index()
    for found in scan(pair.images):
        name = pair.prefix + found.name
        if found.reason:
            yield BadSample(name, found.reason)
            continue
        beside = pair.others / found.path.relative_to(pair.images).parent
        other = index.named(beside, f"{found.path.stem}{suffix}", found.path.suffix)
        if other is None:
            yield BadSample(name, f"no {what} of the same name")
            continue
        if index.count(beside, f"{found.path.stem}{suffix}") > 1:
            yield Notice(name, f"images with several {what}s of the same name, one of which is used")
        split = pair.split or split_of_path(found.name)
        yield Match(name, found.path, found.version, other, file_version(other), split)
    yield from _orphans(pair, suffix, what, index)


def _orphans(pair: FolderPair, suffix: str, what: str, index: _Index) -> Iterator[Notice]:
    for found in scan(pair.others):
        if not is_image_name(found.path.name):
            continue
        beside = pair.images / found.path.relative_to(pair.others).parent
        stem = found.path.stem
        if not stem.endswith(suffix) or not index.has(beside, stem[: len(stem) - len(suffix)]):
            yield Notice(pair.prefix + found.name, f"{what}s without an image")


class _Index:
    """Finds image files by name without suffix; keeps the names of the last few folders."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def has(self, folder: Path, stem: str) -> bool:
        """Return whether a folder has an image of a name, whatever its suffix."""
        return composed(stem) in self._files(folder)

    def count(self, folder: Path, stem: str) -> int:
        """Return how many images of a name a folder has, with different suffixes."""
        return len(self._files(folder).get(composed(stem), ()))

    def named(self, folder: Path, stem: str, suffix: str) -> Path | None:
        """Return the file of a name; of several, that with the same suffix, else a PNG file, else the first."""
        found = self._files(folder).get(composed(stem), [])
        return min(found, key=lambda path: (path.suffix != suffix, path.suffix.lower() != ".png"), default=None)

    def _files(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._folders:
            if len(self._folders) > 3:
                self._folders.pop(next(iter(self._folders)))
            found: dict[str, list[Path]] = {}
            for path in images_in(folder):
                found.setdefault(composed(path.stem), []).append(path)
            self._folders[folder] = found
        return self._folders[folder]
