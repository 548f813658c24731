"""The Brier score as a Keras loss."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("automap_losses")
class BrierScore(keras.losses.Loss):  # type: ignore[misc]
    """Mean squared difference of targets and the softmax of logits, both ``(batch, classes)``."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, ``(batch,)``."""
        return keras.ops.mean(keras.ops.square(y_true - keras.ops.softmax(y_pred)), axis=-1)
