"""Keras's layers that move pixels, with all that lies in the image."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Moving(keras.layers.Layer):  # type: ignore[misc]
    """Applies a layer of Keras that moves pixels to images, masks and target images, all by the same draw.

    Masks are moved to the nearest pixel: in between two classes lies no third one.

    Args:
        layer: one of Keras's, whose transformation does not depend on the size of what is moved.
    """

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        self.supports_jit = layer.supports_jit
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with everything moved alike."""
        if not training:
            return batch
        drawn = self.layer.get_random_transformation(batch, training=True)
        moved = {key: self.layer.transform_images(batch[key], drawn) for key in _PIXELS if key in batch}
        if "segmentation_masks" in batch:
            moved["segmentation_masks"] = self._masks(batch["segmentation_masks"], drawn)
        if "bounding_boxes" in batch:
            moved["bounding_boxes"] = self.layer.transform_bounding_boxes(batch["bounding_boxes"], drawn)
        return {**batch, **moved}

    def _masks(self, masks: Any, drawn: Any) -> Any:
        before = getattr(self.layer, "interpolation", None)
        if before is None:
            return self.layer.transform_images(masks, drawn)
        self.layer.interpolation = "nearest"
        try:
            return ops.round(self.layer.transform_images(masks, drawn))
        finally:
            self.layer.interpolation = before


_PIXELS = ("images", "target_images")
