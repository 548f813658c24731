"""Losses of a class for each pixel; pixels of the class 255 count nowhere."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

IGNORED = 255


class PixelLoss(keras.losses.Loss):  # type: ignore[misc]
    """A weighted sum of focal cross-entropy and the Tversky loss.

    Takes class indices ``(batch, height, width, 1)`` and logits ``(batch, height, width, classes)``.

    Args:
        entropy: weight of the cross-entropy, the mean over all pixels that count.
        overlap: weight of the Tversky loss, over the pixels of the whole batch, the mean over classes.
        gamma: focusing parameter of the cross-entropy; 0 is plain cross-entropy.
        alpha: weight of false positives in the Tversky loss.
        beta: weight of false negatives in it; 0.5 for both is the Dice loss.
    """

    def __init__(
        self, entropy: float, overlap: float, gamma: float = 0.0, alpha: float = 0.5, beta: float = 0.5
    ) -> None:
        super().__init__(reduction=None)
        self.entropy, self.overlap, self.gamma, self.alpha, self.beta = entropy, overlap, gamma, alpha, beta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of a batch, a number."""
        logits = ops.cast(y_pred, "float32")
        index = ops.cast(ops.round(y_true[..., 0]), "int32")
        counted = ops.cast(index < IGNORED, "float32")[..., None]
        classes = logits.shape[-1]
        wanted = ops.one_hot(ops.where(index < IGNORED, index, 0), classes, dtype="float32") * counted
        log_shares = ops.log_softmax(logits, axis=-1)
        total = 0.0
        if self.entropy:
            known = ops.sum(wanted * log_shares, axis=-1)
            away = (1 - ops.exp(known)) ** self.gamma if self.gamma else 1.0
            pixels = ops.maximum(ops.sum(counted), 1.0)
            total = total - self.entropy * ops.sum(away * known * counted[..., 0]) / pixels
        if self.overlap:
            total = total + self.overlap * self._tversky(wanted, ops.exp(log_shares) * counted)
        return total

    def _tversky(self, wanted: Any, shares: Any) -> Any:
        places = (0, 1, 2)
        hits = ops.sum(wanted * shares, axis=places)
        missed = ops.sum(wanted * (1 - shares), axis=places)
        false = ops.sum((1 - wanted) * shares, axis=places)
        index = (hits + 1.0) / (hits + self.alpha * false + self.beta * missed + 1.0)
        # A class that the batch does not show would only punish what little is given to it.
        shown = ops.cast(ops.sum(wanted, axis=places) > 0, "float32")
        return ops.sum((1 - index) * shown) / ops.maximum(ops.sum(shown), 1.0)
