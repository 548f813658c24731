"""Keras's layers that move pixels, with all that lies in the image."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from automap_augmentations.adjusted import Adjusted
from automap_augmentations.layers import seen_boxes


class Moving(Adjusted):
    """Applies a geometric Keras layer to images and their targets with the same random draw.

    Masks are moved to the nearest pixel: in between two classes lies no third one. Of a box that was turned, the
    upright one around it is kept.

    Args:
        layer: one of Keras's, whose transformation does not depend on the size of what is moved.
        names: its numbers that may be searched without compiling again.
    """

    def __init__(self, layer: keras.Layer, *names: str) -> None:
        super().__init__(layer, *names)
        layer.bounding_box_format = "xyxy"

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with everything moved alike."""
        if not training:
            return batch
        drawn = self.layer.get_random_transformation(batch, training=True)
        moved = {key: self.layer.transform_images(batch[key], drawn) for key in _PIXELS if key in batch}
        if "segmentation_masks" in batch:
            moved["segmentation_masks"] = self._masks(batch["segmentation_masks"], drawn)
        if "bounding_boxes" in batch:
            moved["bounding_boxes"] = self._boxes(batch["bounding_boxes"], drawn)
        return {**batch, **moved}

    def _boxes(self, boxes: dict[str, Any], drawn: Any) -> dict[str, Any]:
        # A copy: Keras changes the dictionary that it is given.
        edges = self.layer.transform_bounding_boxes(dict(boxes), drawn)["boxes"]
        zooms = [drawn[key] for key in ("height_zoom", "width_zoom") if key in drawn]
        # Keras calls zoom by how much more of the image is seen.
        scale = 1.0 / ops.reshape(zooms[0] * zooms[1], (-1, 1)) if zooms else 1.0
        return seen_boxes(boxes, edges, scale)

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
