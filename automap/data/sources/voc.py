"""Pascal VOC's boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from automap.data.sources.box_edges import BEYOND, DUPLICATE, checked_edges, distinct, reaches_beyond
from automap.data.sources.coco_content import whole_number
from automap.data.sources.files import file_record, images_in, read_bytes, read_text
from automap.data.sources.layout import IMAGE_SUFFIXES, composed, split_named
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Boxes, Notice, Sample, SplitName

ANNOTATIONS, IMAGES = "Annotations", "JPEGImages"
_YES = frozenset({"1", "1.0", "true", "yes"})
_NO = frozenset({"", "0", "0.0", "false", "no", "unspecified", "none"})
_LATER: tuple[SplitName, ...] = ("train", "validation", "test")

Box = tuple[str, float, float, float, float] | tuple[str, float, float, float, float, bool]


class Voc(Dataset):
    """A folder in the format of Pascal VOC: ``Annotations`` (an XML file for each image) and ``JPEGImages``.

    Objects marked as difficult are ignored in training and evaluation, as in the VOC protocol, unless `difficult` is
    set. If ``ImageSets/Main`` lists the images of train, val or test, these are the splits.
    """

    target = "boxes"

    path: DataPath = Field(description="the folder with Annotations and JPEGImages")
    difficult: bool = Field(False, description="whether to train and evaluate on objects marked as difficult")

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe the image of every XML file, by name.

        Raises:
            DataError: if there is no such folder, or a list of a split cannot be read.
        """
        folder = self.path / ANNOTATIONS
        if not folder.is_dir():
            raise DataError(f"dataset.path: {self.path} has no folder {ANNOTATIONS}, as Pascal VOC has")
        files = sorted(path for path in folder.glob("*.xml") if not path.name.startswith("."))
        splits: dict[str, SplitName] = {}
        yield from self._read_splits({composed(path.stem) for path in files}, splits)
        used: set[str] = set()
        for path in files:
            try:
                yield from self._samples(path, splits, used)
            except (ElementTree.ParseError, ValueError, OverflowError, LookupError, RecursionError) as error:
                yield BadSample(path.name, "its annotations are damaged", str(error))
            except DataError:
                yield BadSample(path.name, "its annotations cannot be read", "not a regular file, or no permission")
        for image in images_in(self.path / IMAGES):
            if composed(image.name) not in used:
                yield Notice(image.name, "images without annotations, not used")

    def _read_splits(self, known: set[str], splits: dict[str, SplitName]) -> Iterator[Notice]:
        """Collect the split of each image by name; of two lists, the later of train, val and test holds."""
        for file in sorted((self.path / "ImageSets" / "Main").glob("*.txt")):
            if (split := split_named(file.stem)) is None:
                continue
            for line in read_text(file).splitlines():
                name = _listed_name(line, known)
                if name and name not in known:
                    yield Notice(f"{name} in {file.name}", "images that a split lists, but that have no annotations")
                elif name and splits.get(name, split) != split:
                    yield Notice(name, "images listed in two splits, used in the later one only")
                    splits[name] = max(split, splits[name], key=_LATER.index)
                elif name:
                    splits[name] = split

    def _samples(
        self, path: Path, splits: Mapping[str, SplitName], used: set[str]
    ) -> Iterator[Sample | BadSample | Notice]:
        root = _without_namespaces(ElementTree.fromstring(read_bytes(path)))
        image = self._image(path, (root.findtext("filename") or "").strip())
        used.add(composed(image.name))
        size = _size(root)
        boxes = [_box(found, self.difficult, size) for found in root.iter("object")]
        if not boxes:
            yield Notice(image.name, "images without objects")
        if len(distinct(boxes)) < len(boxes):
            yield Notice(image.name, DUPLICATE)
        if any(reaches_beyond(box[1:5], size) for box in boxes):
            yield Notice(image.name, BEYOND)
        if splits and composed(path.stem) not in splits:
            yield Notice(image.name, "images that no split lists, used for training")
        yield file_record(image, image.name, Boxes(distinct(boxes), size), split=splits.get(composed(path.stem)))

    def _image(self, path: Path, stated: str) -> Path:
        """Return the image of an XML file: the one that it states, else the one of the same name."""
        name = stated.replace("\\", "/").rpartition("/")[2]
        folder = self.path / IMAGES
        if name and (folder / name).is_file():
            return folder / name
        beside = (folder / f"{path.stem}{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        return next((each for each in beside if each.is_file()), folder / (name or f"{path.stem}.jpg"))


def _listed_name(line: str, known: set[str]) -> str:
    """Return the image that a line of a list names; a number may follow it, and its name may have a suffix."""
    whole = composed(line.strip())
    if not whole or whole in known:
        return whole
    first = whole.split()[0]
    return first if first in known else Path(first).stem if Path(first).stem in known else first


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    height, width = (whole_number(root.findtext(f"size/{side}")) for side in ("height", "width"))
    return (height, width) if height and width and height > 0 and width > 0 else None


def _box(found: ElementTree.Element, difficult_too: bool, size: tuple[int, int] | None) -> Box:
    label, box = composed((found.findtext("name") or "").strip()), found.find("bndbox")
    if not label or box is None:
        raise ValueError("an object has no name or no bndbox")
    edges = [box.findtext(edge) for edge in ("xmin", "ymin", "xmax", "ymax")]
    if None in edges:
        raise ValueError(f"the box of a {label} lacks one of xmin, ymin, xmax and ymax")
    try:
        left, top, right, bottom = (float(edge or "") for edge in edges)
    except ValueError:
        raise ValueError(f"an edge of the box of a {label} is not a number") from None
    if 0 <= left <= right <= 1 and 0 <= top <= bottom <= 1 and (left, top, right, bottom) != (1, 1, 1, 1):
        raise ValueError("its box lies within the first pixel: its numbers are shares of the image, not pixels")
    # VOC counts pixels from 1 and includes the last one.
    placed = checked_edges(left - 1, top - 1, right, bottom, size)
    return (label, *placed, True) if _is_difficult(found) and not difficult_too else (label, *placed)


def _is_difficult(found: ElementTree.Element) -> bool:
    text = (found.findtext("difficult") or "").strip().lower()
    if text not in _YES | _NO:
        raise ValueError(f"difficult is '{text[:40]}'; expected 0 or 1")
    return text in _YES
