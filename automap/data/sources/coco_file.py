"""COCO's annotation files (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from automap.data.sources.coco_content import PARTS, check_content, whole_number
from automap.data.sources.files import existing, images_in, read_text
from automap.data.sources.layout import as_text, composed, split_in_name, split_of_path
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, Notice, SplitName

T = TypeVar("T")

LOOKED_FOR = 20
"""Number of images that are looked for; at least one must be in the folder of images."""


class ImagesNotFound(DataError):  # noqa: N818
    """The images that an annotation file names are not next to it."""


class CocoImage(NamedTuple):
    """An image that an annotation file describes."""

    path: Path
    name: str
    about: dict[str, Any]
    """Its entry in the file."""
    annotations: list[dict[str, Any]]
    split: SplitName | None
    """Named by the file, its folder or the image's folder."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width as the file states them; None if it does not."""
        height, width = (whole_number(self.about.get(side)) for side in ("height", "width"))
        return (height, width) if height and width and height > 0 and width > 0 else None

    def read(self, read: Callable[[dict[str, Any]], T]) -> list[T] | BadSample:
        """Return what each annotation holds; for the first that is damaged, a bad sample with its number.

        Args:
            read: returns what an annotation holds, or raises a `ValueError` with the reason.
        """
        found = []
        for annotation in self.annotations:
            try:
                found.append(read(annotation))
            except (TypeError, ValueError, OverflowError) as error:
                number = annotation.get("id")
                return BadSample(self.name if number is None else f"{self.name} (annotation {number})", str(error))
        return found


class CocoFile(NamedTuple):
    """An annotation file and the folder of its images."""

    path: Path
    content: dict[str, Any]
    images: Path
    split: SplitName | None

    @property
    def categories(self) -> dict[int, str]:
        """Category names by id, in the order of ids."""
        named = (
            (whole_number(each["id"]) or 0, composed(str(each["name"])).strip()) for each in self.content["categories"]
        )
        return dict(sorted(named))

    def undescribed(self) -> Iterator[BadSample]:
        """Yield each image that has annotations but no entry of its own."""
        described = {str(about["id"]) for about in self.content["images"]}
        annotated = dict.fromkeys(str(annotation["image_id"]) for annotation in self.content["annotations"])
        for image in annotated:
            if image not in described:
                yield BadSample(f"image {image} in {self.path.name}", "has annotations, but is not among the images")

    def described(self) -> Iterator[CocoImage]:
        """Yield every image with its annotations, in the file's order."""
        annotations: dict[str, list[dict[str, Any]]] = {}
        for annotation in self.content["annotations"]:
            # Some programs write the same id once as a number and once as a text.
            annotations.setdefault(str(annotation["image_id"]), []).append(annotation)
        for about in self.content["images"]:
            name = about["file_name"]
            found = annotations.get(str(about["id"]), [])
            yield CocoImage(existing(self.images / name), name, about, found, self.split or split_of_path(name))


def of_category(annotation: Mapping[str, Any], known: Mapping[int, T]) -> T:
    """Return what is known of an annotation's category.

    Raises:
        ValueError: if its category is not known.
    """
    number = whole_number(annotation["category_id"])
    if number is None or number not in known:
        raise ValueError("its category is not among the categories")
    return known[number]


def open_coco(path: Path, images: Path | None) -> list[CocoFile]:
    """Open an annotation file, or a folder with one for each split.

    Args:
        path: the file or the folder.
        images: the folder of the images; None to look next to the file.

    Raises:
        DataError: if a file cannot be read or is not a COCO file, or its images or categories do not fit.
    """
    if not path.is_dir():
        return [_open(path, path.parent, images, None)]
    files = annotation_files(path)
    if not files:
        raise DataError(f"dataset.path: {path} has no annotation files (.json)")
    found = [_open(file, path, images, split_in_name(file.relative_to(path))) for file in files]
    for file, each in zip(files[1:], found[1:], strict=True):
        if each.categories != found[0].categories:
            raise DataError(f"dataset.path: {file} has other categories than {files[0]}")
    return found


def unlisted_images(files: Sequence[CocoFile]) -> Iterator[Notice]:
    """Yield the image files that lie beside listed ones, but that no annotation file lists."""
    listed: dict[Path, set[str]] = {}
    for file in files:
        for image in file.content["images"]:
            path = file.images / image["file_name"]
            listed.setdefault(path.parent, set()).add(composed(path.name))
    for folder, names in listed.items():
        for path in images_in(folder):
            if composed(path.name) not in names:
                yield Notice(as_text(path.name), "image files that no annotation file lists, not used")


def annotation_files(folder: Path) -> list[Path]:
    """Return the files of instances in a folder or its subfolders, without COCO's files of captions and poses."""
    found = sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])
    found = [file for file in found if file.is_file() and not file.name.startswith(".")]
    return [file for file in found if file.name.startswith("instances")] or found


def is_coco(path: Path) -> bool:
    """Return whether a file has images, annotations and categories; a damaged file has not."""
    try:
        content = parsed(path)
    except DataError:
        return False
    return isinstance(content, dict) and set(content) >= set(PARTS)


def parsed(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: if it cannot be read or is not valid JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except RecursionError:
        raise DataError(f"dataset.path: {path} is not a COCO file: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise DataError(f"dataset.path: {path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from None
    except ValueError:
        raise DataError(f"dataset.path: {path}: a number has more than 4,300 digits") from None


def _open(path: Path, root: Path, images: Path | None, split: SplitName | None) -> CocoFile:
    content = parsed(path)
    check_content(content, path)
    return CocoFile(path, content, images or _images_of(content, path, root, split), split)


def _images_of(content: dict[str, Any], path: Path, root: Path, split: SplitName | None) -> Path:
    """Return the folder of the first images; a folder named as the split goes before the others."""
    if not content["images"]:
        return path.parent
    folders = [path.parent, root / "images", root, root.parent / "images", root.parent]
    named = [each for folder in folders if folder.is_dir() for each in sorted(folder.iterdir()) if each.is_dir()]
    folders = [*(each for each in named if split is not None and split_in_name(Path(each.name)) == split), *folders]
    names = [image["file_name"] for image in content["images"][:LOOKED_FOR]]
    for folder in folders:
        if any(existing(folder / name).is_file() for name in names):
            return folder
    hint = "; write / instead of backslashes" if "\\" in names[0] else "; name the folder of the images"
    raise ImagesNotFound(f"dataset.images: {names[0]}, the first image of {path}, is not next to it{hint}")
