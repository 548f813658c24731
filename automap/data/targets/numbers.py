"""Numbers for each image."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import NumbersInfo, TargetInfo


class NumbersKind(TargetKind):
    """Numbers for each image, kept as ``(records, numbers)`` float64."""

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return NumbersColumn()

    def info(self, values: Any, train: Array, counted: ClassCounts) -> NumbersInfo:
        """Return the names of the numbers, and their mean and deviation over the training split."""
        trained = np.asarray(values[train], np.float64)
        names = self.names or tuple(f"number {index}" for index in range(trained.shape[1]))
        # Scaled, so that the squares of very large numbers stay finite.
        scale = np.maximum(np.abs(trained).max(axis=0, initial=0), np.finfo(np.float64).tiny)
        unit = trained / scale
        mean, deviation = unit.mean(axis=0) * scale, unit.std(axis=0) * scale
        return NumbersInfo(names=names, mean=tuple(mean.tolist()), std=tuple(deviation.tolist()))

    def batch(self, values: Array, info: TargetInfo) -> Array:
        """Return the numbers standardised by the training split, float32.

        They are standardised before they are rounded: of 1,700,000,000 + x, float32 would keep steps of 128.
        """
        assert isinstance(info, NumbersInfo)
        deviation = np.array(info.std)
        standardised = (values - np.array(info.mean)) / np.where(deviation > 0, deviation, 1.0)
        return np.asarray(standardised.astype(np.float32))


class NumbersColumn:
    """Collects tuples of numbers, all of one length."""

    def __init__(self) -> None:
        self._numbers = array("d")
        self._records = 0

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the numbers of the next record.

        Raises:
            DataError: if one is not finite.
        """
        if not usable:
            return
        if not all(math.isfinite(number) for number in target):
            raise DataError(f"the numbers to predict must be finite; received {target}")
        self._numbers.extend(target)
        self._records += 1

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy``."""
        numbers = np.array(self._numbers, np.float64).reshape(self._records, -1)
        np.save(folder / "targets.npy", numbers)
        return {"classes": [], "lost_classes": []}
