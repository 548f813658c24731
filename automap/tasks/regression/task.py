"""Regression: one or more numbers for each image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, NumbersInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.task import Task
from automap.tasks.heads import pooled_logits

if TYPE_CHECKING:
    import keras
    from PIL import Image


class Regression(Task):
    """One or more numbers for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"numbers"})
    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mae": Metric("minimize", "mean absolute error, in the unit of the numbers; of several, their mean"),
        "rmse": Metric(
            "minimize", "root of the mean squared error, in the unit of the numbers; of several, their mean"
        ),
        "r2": Metric("maximize", "share of the variance that is explained; of several numbers, their mean"),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    default_objective: ClassVar[str] = "mae"
    default_loss: ClassVar[str] = "huber"

    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped before the last layer")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Return ``numbers`` ``(batch, numbers)``, float32: batches carry them standardised by the training split."""
        from keras import ops

        return {"numbers": ops.cast(targets, "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return standardised numbers ``(batch, numbers)``, float32."""
        return pooled_logits(features, len(info.target_as(NumbersInfo).names), self.dropout)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the standardised numbers."""
        return targets["numbers"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of numbers against standardised outputs."""
        return RegressionEvaluator(info)

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Turn standardised outputs ``(batch, numbers)`` into answers.

        Returns:
            For each image ``numbers``: each by its name, in its own unit.
        """
        return [
            {"numbers": dict(zip(info.target_as(NumbersInfo).names, map(float, row), strict=True))}
            for row in in_units(outputs, info)
        ]

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with its numbers below it."""
        from automap.tasks.drawing import captioned

        return captioned(image, ", ".join(f"{name} {number:.10g}" for name, number in answer["numbers"].items()))


class RegressionEvaluator(Evaluator):
    """Collects numbers and computes the metrics of `Regression` over all of them.

    ``r2`` leaves out numbers that are the same in every image, and is left out itself where all are.
    """

    def __init__(self, info: DataInfo) -> None:
        self._info = info
        self._targets: list[Array] = []
        self._outputs: list[Array] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: numbers ``(batch, numbers)`` in their own units and standardised outputs of the same shape."""
        self._targets.append(np.asarray(targets, np.float64))
        self._outputs.append(in_units(outputs, self._info))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, outputs = np.concatenate(self._targets), np.concatenate(self._outputs)
        squared = np.square(outputs - targets).mean(axis=0)
        found = {"mae": float(np.abs(outputs - targets).mean()), "rmse": float(np.sqrt(squared).mean())}
        variance = targets.var(axis=0)
        varied = variance > 0
        return {**found, "r2": float((1 - squared[varied] / variance[varied]).mean())} if varied.any() else found


def statistics_of(info: DataInfo) -> tuple[Array, Array]:
    """Return mean and deviation of each number over the training split, float64; one that never varies counts as 1."""
    deviation = np.array(info.target_as(NumbersInfo).std)
    return np.array(info.target_as(NumbersInfo).mean), np.where(deviation > 0, deviation, 1.0)


def in_units(outputs: Array, info: DataInfo) -> Array:
    """Return standardised outputs ``(batch, numbers)`` in the units of the numbers, float64."""
    mean, deviation = statistics_of(info)
    return np.asarray(outputs, np.float64) * deviation + mean
