"""Any number of classes for each image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind, rarest_class
from automap.data.targets.label import in_order
from automap.interfaces.array import Array
from automap.interfaces.data_info import LabelsInfo


class LabelsKind(TargetKind):
    """Any number of classes for each image, stored as ``(records, classes)`` uint8, 1 where the image has the class."""

    fewest_classes: ClassVar[int] = 1

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return LabelsColumn(self.classes)

    def strata(self, folder: Path, values: Any) -> Array:
        """Return the rarest class of each record."""
        return rarest_class(np.asarray(values) > 0)

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return how many records have each class."""
        return np.asarray(np.asarray(values)[records].sum(axis=0, dtype=np.int64))

    def info(self, values: Any, train: Array, counted: ClassCounts) -> LabelsInfo:
        """Return the classes and their counts."""
        return LabelsInfo(classes=counted.classes, class_counts=counted.counts)


class LabelsColumn:
    """Collects sets of class names.

    Args:
        classes: those that the data set names, in their order; others follow in theirs.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._given = classes
        self._codes = {name: code for code, name in enumerate(classes)}
        self._rows: list[tuple[int, ...]] = []

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the class names of the next record."""
        codes = tuple(self._codes.setdefault(str(name), len(self._codes)) for name in target)
        if usable:
            self._rows.append(codes)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy`` and return the classes, and those without a usable record."""
        names = [*self._given, *in_order([name for name in self._codes if name not in self._given])]
        table = np.zeros((len(self._rows), len(names)), np.uint8)
        place = {self._codes[name]: index for index, name in enumerate(names)}
        for row, codes in enumerate(self._rows):
            table[row, [place[code] for code in codes]] = 1
        used = [bool(table[:, column].any()) for column in range(len(names))]
        np.save(folder / "targets.npy", table[:, used])
        return {
            "classes": [name for name, kept in zip(names, used, strict=True) if kept],
            "lost_classes": [name for name, kept in zip(names, used, strict=True) if not kept],
        }
