"""Numbers for each image."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind
from automap.interfaces.array import Array
from automap.interfaces.data_info import NumbersInfo


class NumbersKind(TargetKind):
    """Numbers for each image, kept as ``(records, numbers)`` float32."""

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return NumbersColumn()

    def info(self, values: Any, train: Array, counted: ClassCounts) -> NumbersInfo:
        """Return the names of the numbers, and their mean and deviation over the training split."""
        trained = np.asarray(values[train], np.float64)
        names = self.names or tuple(f"number {index}" for index in range(trained.shape[1]))
        mean, deviation = trained.mean(axis=0).tolist(), trained.std(axis=0).tolist()
        return NumbersInfo(names=names, mean=tuple(mean), std=tuple(deviation))


class NumbersColumn:
    """Collects tuples of numbers, all of one length."""

    def __init__(self) -> None:
        self._numbers = array("f")
        self._records = 0

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the numbers of the next record."""
        if usable:
            self._numbers.extend(target)
            self._records += 1

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy``."""
        numbers = np.array(self._numbers, np.float32).reshape(self._records, -1)
        np.save(folder / "targets.npy", numbers)
        return {"classes": [], "lost_classes": []}
