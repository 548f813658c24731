"""What Keras's layers lack for images of every kind: grey ones, and shifts counted in pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class AsColor(keras.layers.Layer):  # type: ignore[misc]
    """Shows grey images as colour images to a layer that takes only those.

    Args:
        layer: maps ``{"images": (batch, height, width, 3), ...}`` to the same.
    """

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        # Keras would warn of unbuilt state otherwise; these layers hold no weights.
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it, with as many channels as it had."""
        grey = batch["images"].shape[-1] == 1
        images = ops.repeat(batch["images"], 3, axis=-1) if grey else batch["images"]
        changed = self.layer({**batch, "images": images}, training=training)
        images = ops.clip(changed["images"], 0, 255)
        return {**changed, "images": ops.mean(images, axis=-1, keepdims=True) if grey else images}


class ColorOnly(keras.layers.Layer):  # type: ignore[misc]
    """Applies a layer that changes colours to colour images, and leaves grey ones as they are.

    Args:
        layer: maps ``{"images": (batch, height, width, 3), ...}`` to the same.
    """

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        # Keras would warn of unbuilt state otherwise; these layers hold no weights.
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it."""
        return batch if batch["images"].shape[-1] == 1 else self.layer(dict(batch), training=training)


class ShiftByPixels(keras.layers.Layer):  # type: ignore[misc]
    """Shifts each image by whole pixels and fills with black: padding and cropping in one.

    Args:
        pixels: the largest shift, either way, at most the image's own size.
    """

    def __init__(self, pixels: int) -> None:
        super().__init__(dtype="float32")
        self.pixels = pixels

    def build(self, shapes: dict[str, tuple[int | None, ...]]) -> None:
        """Make the layer for the height and width at hand."""
        _, height, width, _ = shapes["images"]
        factors = [min(1.0, self.pixels / (size or self.pixels)) for size in (height, width)]
        self.shift = keras.layers.RandomTranslation(*factors, fill_mode="constant", interpolation="nearest")
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with shifted images."""
        return dict(self.shift(dict(batch), training=training))
