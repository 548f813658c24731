"""Metrics of regression."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, NumbersInfo
from automap.tasks.collecting import CollectingEvaluator


class RegressionEvaluator(CollectingEvaluator):
    """Collects numbers and computes the metrics of `Regression` over the whole split.

    ``r2`` ignores numbers that are the same for every image, and is missing if all of them are.
    """

    def __init__(self, info: DataInfo) -> None:
        super().__init__()
        self._info = info

    def converted(self, targets: Array, outputs: Array) -> tuple[Array, Array]:
        """See `CollectingEvaluator`: numbers ``(batch, numbers)`` in their own units; so are the outputs kept."""
        return np.asarray(targets, np.float64), in_units(outputs, self._info)

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, outputs = self.collected()
        squared = np.square(outputs - targets).mean(axis=0)
        found = {"mae": float(np.abs(outputs - targets).mean()), "rmse": float(np.sqrt(squared).mean())}
        variance = targets.var(axis=0)
        varied = variance > 0
        return {**found, "r2": float((1 - squared[varied] / variance[varied]).mean())} if varied.any() else found


def statistics_of(info: DataInfo) -> tuple[Array, Array]:
    """Return mean and standard deviation of each number in the training split, float64; 1 replaces a deviation of 0."""
    target = info.target_as(NumbersInfo)
    deviation = np.array(target.std, np.float64)
    return np.array(target.mean, np.float64), np.where(deviation > 0, deviation, 1.0)


def in_units(outputs: Array, info: DataInfo) -> Array:
    """Return standardised outputs ``(batch, numbers)`` in the units of the numbers, float64."""
    mean, deviation = statistics_of(info)
    return np.asarray(outputs, np.float64) * deviation + mean
