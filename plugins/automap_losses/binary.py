"""Losses of independent yes-or-no labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class WeightedBinaryCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Binary focal cross-entropy with weighted positive labels.

    Args:
        positive_weights: of each label, or one of all.
        gamma: focusing parameter; 0 is cross-entropy.
        name: of the loss.
    """

    def __init__(self, positive_weights: Sequence[float], gamma: float = 0.0, name: str = "binary") -> None:
        super().__init__(name=name)
        self.positive_weights, self.gamma = tuple(positive_weights), gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over labels of each image's loss, ``(batch,)``; targets and logits ``(batch, labels)``."""
        targets = ops.cast(y_true, y_pred.dtype)
        weights = ops.convert_to_tensor(self.positive_weights, dtype=y_pred.dtype)
        positive, negative = ops.softplus(-y_pred), ops.softplus(y_pred)
        if self.gamma:
            # 1 - σ(x) is exp(-softplus(x)): stable where the sigmoid is 0 or 1.
            positive = ops.exp(-self.gamma * negative) * positive
            negative = ops.exp(-self.gamma * ops.softplus(-y_pred)) * negative
        return ops.mean(weights * targets * positive + (1 - targets) * negative, axis=-1)
