"""YOLO's boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from automap.data.decode.image import image_header
from automap.data.sources.box_edges import Edges, checked_edges
from automap.data.sources.files import IMAGE_SUFFIXES, file_record, walk_files
from automap.data.sources.folder import SPLIT_FOLDERS
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample, SplitName

IMAGES, LABELS = "images", "labels"

Box = tuple[str, float, float, float, float]

BESIDE = 0.01
"""By so much, in shares of the image, rounding may put a number below 0 or above 1."""


class BadLine(ValueError):  # noqa: N818
    """A line of a text file is no box."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Yolo(Dataset):
    """Images below folders named ``images``, and text files in ``labels`` beside them: class, centre and size.

    All but the class are shares of the image. Of a line with the corners of a polygon the box around it is taken.
    ``images/train/1.jpg`` belongs to ``labels/train/1.txt``, ``train/images/1.jpg`` to ``train/labels/1.txt``; folders
    train, val and test are splits. The classes are in ``data.yaml`` (``names``) or ``classes.txt``.
    """

    target = "boxes"

    path: DataPath = Field(description="the folder with images, labels and the names of classes")

    @cached_property
    def _names(self) -> list[str]:
        for file in sorted([*self.path.glob("*.yaml"), *self.path.glob("*.yml")]):
            content = _yaml(file)
            if isinstance(content, dict) and content.get("names"):
                return _numbered(content["names"], file)
        if (self.path / "classes.txt").is_file():
            lines = (self.path / "classes.txt").read_text(encoding="utf-8").splitlines()
            return [line.strip() for line in lines if line.strip()]
        raise DataError(
            f"dataset.path: {self.path} names no classes: neither in data.yaml (names: ...) nor classes.txt"
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their numbers.

        Raises:
            DataError: if they cannot be read.
        """
        return tuple(self._names)

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image, by name; one without a text file shows nothing.

        Raises:
            DataError: if there are no images or no names of classes.
        """
        found = False
        for image in walk_files(self.path):
            name = image.relative_to(self.path)
            if image.suffix.lower() not in IMAGE_SUFFIXES or IMAGES not in name.parts[:-1]:
                continue
            found = True
            labels = _labels_of(name)
            try:
                boxes = self._boxes(self.path / labels, image)
            except BadLine as error:
                yield BadSample(f"{labels.as_posix()}:{error.line}", str(error))
                continue
            except UnicodeDecodeError:
                yield BadSample(labels.as_posix(), "is no text in UTF-8")
                continue
            yield file_record(image, name.as_posix(), boxes, split=_split_of(name))
        if not found:
            raise DataError(f"dataset.path: {self.path} has no images below a folder named images, as YOLO's data has")

    def _boxes(self, labels: Path, image: Path) -> list[Box]:
        lines = labels.read_text(encoding="utf-8").splitlines() if labels.is_file() else []
        rows = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
        header = image_header(image) if rows else None
        if header is None:
            # Without boxes its size does not matter, and what cannot be read is told when it is decoded.
            return []
        return [self._box(number, row, header[0], header[1]) for number, row in rows]

    def _box(self, line: int, row: list[str], height: int, width: int) -> Box:
        try:
            index, *numbers = map(float, row)
        except ValueError:
            raise BadLine(line, "one of its words is no number") from None
        if not index.is_integer() or not 0 <= index < len(self._names):
            raise BadLine(line, f"its class {row[0]} has no name: there are {len(self._names)}, from 0 on")
        try:
            left, top, right, bottom = _edges(numbers)
        except ValueError as error:
            raise BadLine(line, str(error)) from None
        return self._names[int(index)], left * width, top * height, right * width, bottom * height


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise DataError(f"dataset.path: {file}{line} is no YAML: {error.problem}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"dataset.path: {file} cannot be read: {error}") from None


def _numbered(names: Any, file: Path) -> list[str]:
    """Return names in the order of their numbers.

    Raises:
        DataError: if they are neither a list nor numbered from 0 on.
    """
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list):
        raise DataError(f"dataset.path: {file}: names: expected a list of classes, or classes by number from 0 on")
    return [str(name) for name in names]


def _labels_of(name: Path) -> Path:
    """Return the text file of an image: ``labels`` takes the place of the last ``images``."""
    parts = list(name.parts)
    parts[len(parts) - 1 - parts[::-1].index(IMAGES, 1)] = LABELS
    return Path(*parts).with_suffix(".txt")


def _split_of(name: Path) -> SplitName | None:
    return next((SPLIT_FOLDERS[part] for part in name.parts[:-1] if part in SPLIT_FOLDERS), None)


def _edges(numbers: list[float]) -> Edges:
    """Return the edges of a box in shares of the image, from its centre and size or from the corners of a polygon."""
    if not all(-BESIDE <= number <= 1 + BESIDE for number in numbers):
        raise ValueError("expected shares of the image's width and height, 0 to 1, after the class; not pixels")
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        across, down = numbers[::2], numbers[1::2]
        return checked_edges(min(across), min(down), max(across), max(down))
    if len(numbers) == 4:
        x, y, width, height = numbers
        return checked_edges(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    raise ValueError(f"has {len(numbers)} numbers after the class; expected x, y, width and height, or corners")
