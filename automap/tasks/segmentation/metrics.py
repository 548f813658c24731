"""Metrics of segmentation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.metric import Evaluator

IGNORED = 255
"""The value of pixels without a class, which metrics ignore."""


class SegmentationEvaluator(Evaluator):
    """Accumulates a confusion matrix of pixels, ``(classes, classes)``.

    Adds ``iou_<class>`` for each class that occurs in the masks or the predictions; the means ignore all other classes.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._counts = np.zeros((len(classes), len(classes)), np.int64)

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: class indices ``(batch, height, width)`` and logits ``(batch, height, width, classes)``."""
        decided = outputs.argmax(axis=-1)
        counted = targets != IGNORED
        pairs = targets[counted].astype(np.int64) * len(self._classes) + decided[counted]
        self._counts += np.bincount(pairs, minlength=self._counts.size).reshape(self._counts.shape)

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if every pixel is ignored.
        """
        if not self._counts.any():
            raise ValueError("no pixel has a class: all are ignored (255)")
        hits = self._counts.diagonal().astype(float)
        sizes = self._counts.sum(axis=0) + self._counts.sum(axis=1)
        found = np.flatnonzero(sizes)
        iou, dice = hits[found] / (sizes - hits)[found], 2 * hits[found] / sizes[found]
        return {
            "mean_iou": float(iou.mean()),
            "dice": float(dice.mean()),
            "pixel_accuracy": float(hits.sum() / self._counts.sum()),
            **{f"iou_{self._classes[index]}": float(value) for index, value in zip(found, iou, strict=True)},
        }
