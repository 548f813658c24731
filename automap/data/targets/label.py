"""One class for each image."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind
from automap.interfaces.array import Array
from automap.interfaces.data_info import LabelInfo


class LabelKind(TargetKind):
    """One class for each image, stored as its index ``(records,)`` int32."""

    fewest_classes: ClassVar[int] = 2
    one_class: ClassVar[bool] = True

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return LabelColumn()

    def strata(self, folder: Path, values: Any) -> Array:
        """Return the class of each record."""
        return np.asarray(values)

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return the number of records of each class."""
        return np.bincount(values[records], minlength=int(values.max(initial=-1)) + 1)

    def keys(self, folder: Path, values: Any) -> Array:
        """Return the class of each record."""
        return np.asarray(values)

    def info(self, values: Any, train: Array, counted: ClassCounts) -> LabelInfo:
        """Return the classes and their counts."""
        return LabelInfo(classes=counted.classes, class_counts=counted.counts)


class LabelColumn:
    """Collects class names as indices, ``(records,)`` int32.

    Holds four bytes a record; the names are numbered as they appear and put in order at the end.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._column = array("i")

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the class name of the next record."""
        code = self._codes.setdefault(str(target), len(self._codes))
        if usable:
            self._column.append(code)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy`` and return the classes, and those without a usable record."""
        codes = np.frombuffer(self._column, np.int32) if self._column else np.empty(0, np.int32)
        used = np.bincount(codes, minlength=len(self._codes)) > 0
        classes = in_order([name for name, code in self._codes.items() if used[code]])
        place = np.full(len(self._codes), -1, np.int32)
        for index, name in enumerate(classes):
            place[self._codes[name]] = index
        np.save(folder / "targets.npy", place[codes])
        lost = in_order([name for name, code in self._codes.items() if not used[code]])
        return {"classes": classes, "lost_classes": lost}


def in_order(names: list[str]) -> list[str]:
    """Return class names sorted: as numbers if all are, else by name."""
    return sorted(names, key=int if all(name.isdecimal() for name in names) else str)
