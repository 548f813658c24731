"""What Keras's layers lack for images of every kind: grey ones, and crops of every image at a place of its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_IMAGES = ("images", "segmentation_masks")
"""Entries of a batch whose pixels lie at the same places."""
_FILL = {"images": 0, "segmentation_masks": 255}
"""What comes into view from beyond the edge: black, which is no class."""


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
        """Return the batch as the layer changed it, its images within 0 to 255."""
        if batch["images"].shape[-1] != 3:
            return batch
        changed = self.layer(dict(batch), training=training)
        # RandomSaturation limits saturation to 255 instead of 1: colours came out at -3,764 (Keras 3.15).
        return {**changed, "images": ops.clip(changed["images"], 0, 255)}


class PadAndCrop(keras.layers.Layer):  # type: ignore[misc]
    """Pads with black and crops to the size before, each image at a place of its own, all equally probable.

    Keras's ``RandomCrop`` crops the whole batch at one place. Moving whole pixels by their index, instead of by
    ``RandomTranslation``, can be compiled with XLA on every backend.

    Args:
        pixels: the padding on each side.
    """

    def __init__(self, pixels: int) -> None:
        super().__init__(dtype="float32")
        self.pixels = pixels
        self.generator = keras.random.SeedGenerator()
        # Keras would warn of unbuilt state otherwise; these layers hold no weights.
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with images, and segmentation masks where there are any, cropped alike.

        Raises:
            ValueError: if the batch has bounding boxes, which would stay where they were.
        """
        if not training:
            return batch
        refuse(batch, "bounding_boxes")
        corners = keras.random.randint((ops.shape(batch["images"])[0], 2), 0, 2 * self.pixels + 1, seed=self.generator)
        moved = {key: self._crop(batch[key], corners, 1, _FILL[key]) for key in _FILL if key in batch}
        if "target_images" in batch:
            scale = batch["target_images"].shape[1] // batch["images"].shape[1]
            moved["target_images"] = self._crop(batch["target_images"], corners * scale, scale, 0)
        return {**batch, **moved}

    def _crop(self, images: Any, corners: Any, scale: int, fill: int) -> Any:
        _, height, width, channels = images.shape
        padding = self.pixels * scale
        widths = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
        padded_height, padded_width = height + 2 * padding, width + 2 * padding
        # One look-up of whole pixels in the flattened batch: take_along_axis takes five times as long.
        image = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * padded_height
        rows = (image + corners[:, 0, None, None] + ops.arange(height, dtype="int32")[:, None]) * padded_width
        places = rows + corners[:, 1, None, None] + ops.arange(width, dtype="int32")
        pixels = ops.reshape(ops.pad(images, widths, constant_values=fill), (-1, channels))
        return ops.take(pixels, places, axis=0)


class ExactCutMix(keras.layers.Layer):  # type: ignore[misc]
    """Keras's CutMix, with labels mixed by the pixels that were pasted.

    Keras mixes them by the box before it is cut to whole pixels: a tenth of the label on an 8×8 image.

    Args:
        alpha: both parameters of the Beta distribution of the box's area, above 0 and at most 1.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__(dtype="float32")
        # Of a single number Keras would draw a new alpha below it for each batch.
        self.layer = keras.layers.CutMix(factor=(alpha, alpha))
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with images, labels, and segmentation masks where there are any, mixed.

        Raises:
            ValueError: if the batch has bounding boxes, which would stay where they were.
        """
        if not training:
            return batch
        refuse(batch, "bounding_boxes")
        drawn = self.layer.get_random_transformation(batch)
        pasted = drawn["batch_masks"][..., :1]
        kept = 1 - ops.mean(ops.cast(pasted, "float32"), axis=(1, 2, 3))
        drawn = {**drawn, "batch_masks": pasted, "mix_weight": kept}
        mixed = {key: self.layer.transform_images(batch[key], drawn) for key in _IMAGES if key in batch}
        return {**batch, **mixed, "labels": self.layer.transform_labels(batch["labels"], drawn)}


def refuse(batch: dict[str, Any], *keys: str) -> None:
    """Refuse a batch with targets that would no longer fit its images.

    Raises:
        ValueError: if the batch has one of the keys.
    """
    if found := [key for key in keys if key in batch]:
        raise ValueError(f"this augmentation moves images, and cannot move {' and '.join(found)} with them")
