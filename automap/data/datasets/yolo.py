"""YOLO's boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from automap.data.datasets.files import IMAGE_SUFFIXES, file_record, walk_files
from automap.data.datasets.folder import SPLIT_FOLDERS
from automap.data.decode import image_header
from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record, SplitName

IMAGES, LABELS = "images", "labels"

Box = tuple[str, float, float, float, float]


class Yolo(Dataset):
    """Images below folders named ``images``, and text files in ``labels`` beside them: class, centre and size.

    ``images/train/1.jpg`` belongs to ``labels/train/1.txt``, ``train/images/1.jpg`` to ``train/labels/1.txt``; folders
    train, val and test are splits. The classes are in ``data.yaml`` (``names``) or ``classes.txt``.
    """

    target = "boxes"

    path: DataPath = Field(description="the folder with images, labels and the names of classes")

    @cached_property
    def _names(self) -> list[str]:
        for file in sorted([*self.path.glob("*.yaml"), *self.path.glob("*.yml")]):
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            names: Any = content.get("names") if isinstance(content, dict) else None
            if names:
                return [str(name) for name in (names.values() if isinstance(names, dict) else names)]
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

    def records(self) -> Iterator[Record | BadRecord]:
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
            try:
                boxes = self._boxes(self.path / _labels_of(name), image)
            except (ValueError, IndexError) as error:
                yield BadRecord(name.as_posix(), f"its labels are damaged: {error}")
                continue
            yield file_record(image, name.as_posix(), boxes, split=_split_of(name))
        if not found:
            raise DataError(f"dataset.path: {self.path} has no images below a folder named images, as YOLO's data has")

    def _boxes(self, labels: Path, image: Path) -> list[Box]:
        lines = labels.read_text(encoding="utf-8").splitlines() if labels.is_file() else []
        rows = [line.split() for line in lines if line.strip()]
        header = image_header(image) if rows else None
        if header is None:
            # Without boxes its size does not matter, and what cannot be read is told when it is decoded.
            return []
        return [_box(row, self._names, header[0], header[1]) for row in rows]


def _labels_of(name: Path) -> Path:
    """Return the text file of an image: ``labels`` takes the place of the last ``images``."""
    parts = list(name.parts)
    parts[len(parts) - 1 - parts[::-1].index(IMAGES, 1)] = LABELS
    return Path(*parts).with_suffix(".txt")


def _split_of(name: Path) -> SplitName | None:
    return next((SPLIT_FOLDERS[part] for part in name.parts[:-1] if part in SPLIT_FOLDERS), None)


def _box(row: list[str], names: list[str], height: int, width: int) -> Box:
    index = int(row[0])
    if not 0 <= index < len(names):
        raise ValueError(f"class {index} has no name")
    x, y, across, down = (float(number) for number in row[1:5])
    return (
        names[index],
        (x - across / 2) * width,
        (y - down / 2) * height,
        (x + across / 2) * width,
        (y + down / 2) * height,
    )
