"""COCO's files of annotations (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from automap.data.datasets.folder import SPLIT_FOLDERS
from automap.data.datasets.matching import split_of
from automap.exceptions import DataError
from automap.spec.kinds import SplitName

PARTS = frozenset({"images", "annotations", "categories"})
"""What a file of annotations has."""
_WORD = re.compile(r"[a-z]+")


class CocoImage(NamedTuple):
    """An image that a file describes."""

    path: Path
    name: str
    about: dict[str, Any]
    """Its entry in the file."""
    annotations: list[dict[str, Any]]
    split: SplitName | None
    """As the name of the file, of its folder or of the image's folder has it."""


class CocoFile(NamedTuple):
    """A file of annotations with the folder of its images."""

    content: dict[str, Any]
    images: Path
    split: SplitName | None

    @property
    def categories(self) -> dict[int, str]:
        """Names of the categories by their numbers, in the order of these."""
        named = sorted((int(category["id"]), str(category["name"])) for category in self.content["categories"])
        return dict(named)

    def described(self) -> Iterator[CocoImage]:
        """Yield every image with its annotations, in the file's order."""
        annotations: dict[Any, list[dict[str, Any]]] = {}
        for annotation in self.content["annotations"]:
            annotations.setdefault(annotation.get("image_id"), []).append(annotation)
        for about in self.content["images"]:
            name = str(about.get("file_name"))
            yield CocoImage(
                self.images / name, name, about, annotations.get(about.get("id"), []), self.split or split_of(name)
            )


def open_coco(path: Path, images: Path | None) -> list[CocoFile]:
    """Open a file of annotations, or a folder with one for each split.

    Args:
        path: the file or the folder.
        images: the folder of the images; None to look beside the file.

    Raises:
        DataError: if a file cannot be read, is none of COCO's, or its images or categories do not fit.
    """
    if not path.is_dir():
        return [_open(path, path.parent, images, None)]
    files = annotation_files(path)
    if not files:
        raise DataError(f"dataset.path: {path} has no files of annotations that end in .json")
    found = [_open(file, path, images, split_in_name(file.relative_to(path))) for file in files]
    for file, each in zip(files[1:], found[1:], strict=True):
        if each.categories != found[0].categories:
            raise DataError(f"dataset.path: {file} has other categories than {files[0]}")
    return found


def annotation_files(folder: Path) -> list[Path]:
    """Return the files of instances in a folder or the folders in it; COCO's own of captions and poses are left out."""
    found = sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])
    return [file for file in found if file.name.startswith("instances")] or found


def is_coco(path: Path) -> bool:
    """Return whether a file has images, annotations and categories; what is damaged has not."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and set(content) >= PARTS


def split_in_name(path: Path) -> SplitName | None:
    """Return the split that the name of a file, or else of its folder, has as a word: ``instances_val2017.json``."""
    for name in reversed(path.parts):
        for word in _WORD.findall(name.lower()):
            if word in SPLIT_FOLDERS:
                return SPLIT_FOLDERS[word]
    return None


def _open(path: Path, root: Path, images: Path | None, split: SplitName | None) -> CocoFile:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"dataset.path: {path} cannot be read: {error}") from None
    if not isinstance(content, dict) or not set(content) >= PARTS:
        raise DataError(f"dataset.path: {path} has no images, annotations and categories, as COCO's files have")
    return CocoFile(content, images or _images_of(content, path, root, split), split)


def _images_of(content: dict[str, Any], path: Path, root: Path, split: SplitName | None) -> Path:
    """Return the folder in which the first image is; a folder named as the split goes before the others."""
    if not content["images"]:
        return path.parent
    folders = [path.parent, root / "images", root, root.parent / "images", root.parent]
    named = [each for folder in folders if folder.is_dir() for each in sorted(folder.iterdir()) if each.is_dir()]
    folders = [*(each for each in named if split is not None and split_in_name(Path(each.name)) == split), *folders]
    first = str(content["images"][0].get("file_name"))
    for folder in folders:
        if (folder / first).is_file():
            return folder
    raise DataError(f"dataset.images: {first}, the first image of {path}, is not beside it; name the folder of images")
