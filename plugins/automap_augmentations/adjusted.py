"""The base of layers that apply one of Keras's layers in their own way."""

from __future__ import annotations

from typing import Any

import keras


class Adjusted(keras.layers.Layer):  # type: ignore[misc]
    """Applies a Keras layer whose numbers can be searched without recompiling.

    Args:
        layer: maps a batch, ``{"images": (batch, height, width, channels), …}``, to the same.
        names: attributes of the layer, numbers or tuples of numbers, that are read only while it is called.
    """

    def __init__(self, layer: keras.Layer, *names: str) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        self.adjustable_numbers = tuple((layer, name) for name in names)
        """Names of the layer's attributes that training replaces by variables."""
        self.supports_jit = layer.supports_jit
        # Keras would warn of unbuilt state otherwise; there are no weights.
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it."""
        changed: dict[str, Any] = self.layer(batch, training=training)
        return changed
