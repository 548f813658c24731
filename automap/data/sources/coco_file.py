"""COCO's files of annotations (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from automap.data.sources.folder import SPLIT_FOLDERS
from automap.data.sources.paired_files import split_of
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, SplitName

PARTS: Mapping[str, tuple[str, ...]] = {
    "images": ("id", "file_name"),
    "annotations": ("image_id", "category_id"),
    "categories": ("id", "name"),
}
"""The lists that a file of annotations has, and what each of their entries has."""
_WORD = re.compile(r"[a-z]+")

T = TypeVar("T")


class ImagesNotFound(DataError):  # noqa: N818
    """The images that a file names are not beside it."""


class CocoImage(NamedTuple):
    """An image that a file describes."""

    path: Path
    name: str
    about: dict[str, Any]
    """Its entry in the file."""
    annotations: list[dict[str, Any]]
    split: SplitName | None
    """As the name of the file, of its folder or of the image's folder has it."""

    def read(self, read: Callable[[dict[str, Any]], T]) -> list[T] | BadSample:
        """Return what each annotation says; for the first that is damaged, which it is and why.

        Args:
            read: returns what an annotation says, or raises a `ValueError` with the reason.
        """
        found = []
        for annotation in self.annotations:
            try:
                found.append(read(annotation))
            except (TypeError, ValueError) as error:
                number = annotation.get("id")
                return BadSample(self.name if number is None else f"{self.name} (annotation {number})", str(error))
        return found


class CocoFile(NamedTuple):
    """A file of annotations with the folder of its images."""

    path: Path
    content: dict[str, Any]
    images: Path
    split: SplitName | None

    @property
    def categories(self) -> dict[int, str]:
        """Names of the categories by their numbers, in the order of these."""
        named = sorted((category["id"], str(category["name"])) for category in self.content["categories"])
        return dict(named)

    def undescribed(self) -> Iterator[BadSample]:
        """Yield each image that has annotations, but no entry of its own."""
        described = {str(about["id"]) for about in self.content["images"]}
        annotated = dict.fromkeys(str(annotation["image_id"]) for annotation in self.content["annotations"])
        for image in annotated:
            if image not in described:
                yield BadSample(f"image {image} in {self.path.name}", "has annotations, but is not among the images")

    def described(self) -> Iterator[CocoImage]:
        """Yield every image with its annotations, in the file's order."""
        annotations: dict[str, list[dict[str, Any]]] = {}
        for annotation in self.content["annotations"]:
            # Some programs write the same number once as a text.
            annotations.setdefault(str(annotation["image_id"]), []).append(annotation)
        for about in self.content["images"]:
            name = str(about["file_name"])
            yield CocoImage(
                self.images / name, name, about, annotations.get(str(about["id"]), []), self.split or split_of(name)
            )


def of_category(annotation: Mapping[str, Any], known: Mapping[int, T]) -> T:
    """Return what is known of an annotation's category.

    Raises:
        ValueError: if nothing is.
    """
    number = annotation["category_id"]
    if number not in known:
        raise ValueError(f"its category {number} is not among the categories")
    return known[number]


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
    return isinstance(content, dict) and set(content) >= set(PARTS)


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
    if not isinstance(content, dict) or not set(content) >= set(PARTS):
        raise DataError(f"dataset.path: {path} has no images, annotations and categories, as COCO's files have")
    for part, keys in PARTS.items():
        _check(content[part], path, part, keys)
    for index, category in enumerate(content["categories"]):
        if not isinstance(category["id"], int):
            raise DataError(f"dataset.path: {path}: categories[{index}].id: {category['id']!r} is no whole number")
    return CocoFile(path, content, images or _images_of(content, path, root, split), split)


def _check(entries: Any, path: Path, part: str, keys: tuple[str, ...]) -> None:
    if not isinstance(entries, list):
        raise DataError(f"dataset.path: {path}: {part} is no list, as COCO's files have it")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or not entry.keys() >= set(keys):
            lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
            raise DataError(f"dataset.path: {path}: {part}[{index}] has no {' and no '.join(lacking)}")


def _images_of(content: dict[str, Any], path: Path, root: Path, split: SplitName | None) -> Path:
    """Return the folder in which the first image is; a folder named as the split goes before the others."""
    if not content["images"]:
        return path.parent
    folders = [path.parent, root / "images", root, root.parent / "images", root.parent]
    named = [each for folder in folders if folder.is_dir() for each in sorted(folder.iterdir()) if each.is_dir()]
    folders = [*(each for each in named if split is not None and split_in_name(Path(each.name)) == split), *folders]
    first = str(content["images"][0]["file_name"])
    for folder in folders:
        if (folder / first).is_file():
            return folder
    raise ImagesNotFound(
        f"dataset.images: {first}, the first image of {path}, is not beside it; name the folder of images"
    )
