"""Mean squared error of probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class MeanSquaredError(LossComponent):
    """Mean squared error of the softmax: the Brier score (Brier, 1950) divided by the number of classes."""

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of soft targets ``(batch, classes)`` and logits of the same shape."""
        from automap_losses.brier import BrierScore

        return BrierScore(name="mean_squared_error")
