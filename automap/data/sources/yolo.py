"""YOLO's boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from pydantic import Field

from automap.data.decode.header import image_header
from automap.data.sources.box_edges import BEYOND, DUPLICATE, Edges, checked_edges, distinct, reaches_beyond
from automap.data.sources.files import existing, file_record, read_text, scan
from automap.data.sources.layout import composed, is_image_name, split_of_path
from automap.data.sources.yolo_config import YoloConfig, read_config
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Boxes, Notice, Sample

IMAGES, LABELS = "images", "labels"
_NOT_LABELS = frozenset({"classes.txt"})

Box = tuple[str, float, float, float, float]

BESIDE = 0.01
"""Shares of the image by which rounding may put a number below 0 or above 1."""


class BadLine(ValueError):  # noqa: N818
    """A line of a label file is not a box.

    Args:
        line: its number, from 1.
        reason: the same for every line with this fault.
        detail: what is special about this line.
    """

    def __init__(self, line: int, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.line, self.reason, self.detail = line, reason, detail


class Yolo(Dataset):
    """Images in folders named ``images``, and label files in ``labels`` next to them: class, center and size.

    All but the class are shares of the image. For polygons (YOLO's segmentation labels), the bounding box is used.
    ``images/train/1.jpg`` belongs to ``labels/train/1.txt``, ``train/images/1.jpg`` to ``train/labels/1.txt``. Splits
    are those that ``data.yaml`` declares, else folders named as splits. The classes are in ``data.yaml`` (``names``) or
    ``classes.txt``.
    """

    target = "boxes"

    path: DataPath = Field(description="the folder with images, labels and the names of the classes")

    @cached_property
    def _config(self) -> YoloConfig:
        return read_config(self.path)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their indices.

        Raises:
            DataError: if they cannot be read.
        """
        return self._config.names

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image, by name; an image without a label file has no objects.

        Raises:
            DataError: if there are no images or no class names.
        """
        used: set[str] = set()
        labels: list[str] = []
        found = False
        for file in scan(self.path):
            name = file.path.relative_to(self.path)
            if _folder_in(name, LABELS) is not None and name.suffix.lower() == ".txt" and name.name not in _NOT_LABELS:
                labels.append(name.as_posix())
            elif _folder_in(name, IMAGES) is None:
                continue
            elif not is_image_name(name.name):
                yield Notice(file.name, "files beside the images that are not images")
            else:
                found = True
                yield from self._samples(file.path, name, used)
        if not found:
            raise DataError(f"dataset.path: {self.path} has no images in a folder named images, as YOLO's data has")
        yield from self._config.notices
        yield from (Notice(each, "label files without an image") for each in labels if composed(each) not in used)

    def _samples(self, image: Path, name: Path, used: set[str]) -> Iterator[Sample | BadSample | Notice]:
        labels = self._labels_of(name)
        used.add(composed(labels.as_posix()))
        try:
            boxes, beyond = self._boxes(self.path / labels, image)
        except BadLine as error:
            yield BadSample(f"{labels.as_posix()}:{error.line}", error.reason, error.detail)
            return
        except DataError:
            yield BadSample(labels.as_posix(), "not UTF-8 text, or not a regular file")
            return
        if not (self.path / labels).exists():
            yield Notice(name.as_posix(), "images without a label file, used as images without objects")
        if beyond:
            yield Notice(name.as_posix(), BEYOND)
        if len(distinct(boxes)) < len(boxes):
            yield Notice(name.as_posix(), DUPLICATE)
        split = self._config.split_of(name) or split_of_path(name)
        yield file_record(image, name.as_posix(), Boxes(distinct(boxes)), split=split)

    def _labels_of(self, name: Path) -> Path:
        """Return the label file of an image: ``labels`` takes the place of the last ``images``."""
        parts = list(name.parts)
        place = len(parts) - 1 - [part.lower() for part in parts[:-1]][::-1].index(IMAGES) - 1
        for folder in (LABELS, LABELS.capitalize(), LABELS.upper()):
            found = existing(self.path.joinpath(*parts[:place], folder, *parts[place + 1 :]).with_suffix(".txt"))
            if found.exists():
                return found.relative_to(self.path)
        return Path(*parts[:place], LABELS, *parts[place + 1 :]).with_suffix(".txt")

    def _boxes(self, labels: Path, image: Path) -> tuple[list[Box], bool]:
        """Return the boxes of a label file, and whether one of them reaches beyond the image."""
        lines = read_text(labels).splitlines() if labels.exists() else []
        rows = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
        header = image_header(image) if rows else None
        if header is None:
            # Without boxes the size does not matter; if the image cannot be read, decoding reports the reason.
            return [], False
        boxes = [self._box(number, row, header[0], header[1]) for number, row in rows]
        return boxes, any(reaches_beyond(box[1:], (header[0], header[1])) for box in boxes)

    def _box(self, line: int, row: list[str], height: int, width: int) -> Box:
        try:
            index, *numbers = map(float, row)
        except ValueError:
            raise BadLine(line, "one of its words is not a number") from None
        names = self._config.names
        if not index.is_integer() or not 0 <= index < len(names):
            raise BadLine(line, "its class has no name", f"class {row[0][:20]} of {len(names)}, from 0")
        try:
            left, top, right, bottom = _edges(numbers)
            edges = checked_edges(left * width, top * height, right * width, bottom * height, (height, width))
        except ValueError as error:
            raise BadLine(line, str(error)) from None
        return names[int(index)], *edges


def _folder_in(name: Path, folder: str) -> str | None:
    return next((part for part in name.parts[:-1] if part.lower() == folder), None)


def _edges(numbers: list[float]) -> Edges:
    """Return the edges of a box in shares of the image, from its center and size or from the corners of a polygon."""
    if not all(-BESIDE <= number <= 1 + BESIDE for number in numbers):
        raise ValueError("expected shares of the image's width and height, from 0 to 1, after the class; not pixels")
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        across, down = numbers[::2], numbers[1::2]
        return min(across), min(down), max(across), max(down)
    if len(numbers) == 4:
        x, y, width, height = numbers
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    raise ValueError(f"has {len(numbers)} numbers after the class; expected x, y, width and height, or a polygon")
