"""Layers that Keras lacks: for grey images, unchanged targets, a separate crop of each image, and clipped boxes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from automap_augmentations.adjusted import Adjusted

_IMAGES = ("images", "segmentation_masks")
"""Entries of a batch that are aligned pixel by pixel."""
_FILL = {"images": 0, "segmentation_masks": 255}
"""Values of pixels from beyond the edge: black, and no class."""


class InPlace(Adjusted):
    """Applies a colour layer to the images of a batch and leaves the targets unchanged.

    Args:
        layer: maps ``{"images": (batch, height, width, channels)}`` to the same.
        names: its numbers that may be searched without compiling again.
        colour: whether it is for colour images only, and grey ones stay as they are.
    """

    def __init__(self, layer: keras.Layer, *names: str, colour: bool = False) -> None:
        super().__init__(layer, *names)
        self.colour = colour

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it, its images within 0 to 255."""
        if self.colour and batch["images"].shape[-1] != 3:
            return batch
        changed = super().call({"images": batch["images"]}, training=training)
        # RandomSaturation limits saturation to 255 instead of 1: colours came out at -3,764 (Keras 3.15).
        return {**batch, "images": ops.clip(changed["images"], 0, 255)}


class PadAndCrop(keras.layers.Layer):  # type: ignore[misc]
    """Pads with black and crops each image to the original size at a uniformly random position.

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
        """Return the batch with images, and what lies in them, cropped alike."""
        if not training:
            return batch
        offsets = keras.random.randint((ops.shape(batch["images"])[0], 2), 0, 2 * self.pixels + 1, seed=self.generator)
        moved = {key: self._crop(batch[key], offsets, 1, _FILL[key]) for key in _FILL if key in batch}
        if "target_images" in batch:
            scale = batch["target_images"].shape[1] // batch["images"].shape[1]
            moved["target_images"] = self._crop(batch["target_images"], offsets * scale, scale, 0)
        if "bounding_boxes" in batch:
            moved["bounding_boxes"] = self._boxes(batch["bounding_boxes"], offsets, batch["images"].shape)
        return {**batch, **moved}

    def _boxes(self, boxes: dict[str, Any], offsets: Any, shape: tuple[int, ...]) -> dict[str, Any]:
        down, across = (self.pixels - ops.cast(offsets[:, axis], "float32")[:, None] for axis in (0, 1))
        edges = boxes["boxes"] + ops.stack([across, down, across, down], axis=-1)
        height, width = shape[1:3]
        limits = ops.convert_to_tensor([width, height, width, height], "float32")
        return seen_boxes(boxes, ops.clip(edges, 0.0, limits))

    def _crop(self, images: Any, offsets: Any, scale: int, fill: int) -> Any:
        _, height, width, channels = images.shape
        padding = self.pixels * scale
        widths = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
        padded_height, padded_width = height + 2 * padding, width + 2 * padding
        # One look-up of whole pixels in the flattened batch: take_along_axis takes five times as long.
        image = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * padded_height
        rows = (image + offsets[:, 0, None, None] + ops.arange(height, dtype="int32")[:, None]) * padded_width
        places = rows + offsets[:, 1, None, None] + ops.arange(width, dtype="int32")
        pixels = ops.reshape(ops.pad(images, widths, constant_values=fill), (-1, channels))
        return ops.take(pixels, places, axis=0)


class ExactCutMix(Adjusted):
    """Keras's CutMix with labels mixed by the pasted area.

    Keras mixes them by the box before it is cut to whole pixels: a tenth of the label on an 8×8 image.

    Args:
        alpha: both parameters of the Beta distribution of the mixing factor of the box's area, above 0 and at most 1.
    """

    def __init__(self, alpha: float) -> None:
        # Of a single number Keras would draw a new alpha below it for each batch.
        super().__init__(keras.layers.CutMix(factor=(alpha, alpha)), "factor")

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
    """Raise an error for targets that would no longer match the images.

    Raises:
        ValueError: if the batch has one of the keys.
    """
    if found := [key for key in keys if key in batch]:
        raise ValueError(f"this augmentation moves images, and cannot move {' and '.join(found)} with them")


LEAST_VISIBLE = 0.25
"""Boxes are dropped if less than this share of them is left in the image, as when images are fitted into records."""


def seen_boxes(before: dict[str, Any], edges: Any, scale: Any = 1.0) -> dict[str, Any]:
    """Return moved boxes; boxes that are mostly cut off get the label -1.

    Args:
        before: ``boxes`` ``(batch, boxes, 4)``: left, top, right, bottom; ``labels`` ``(batch, boxes)``, -1 for none.
        edges: the boxes moved and cut at the image's edges.
        scale: by how much the movement enlarges areas, a number or ``(batch, 1)``.
    """
    left = area(edges) >= LEAST_VISIBLE * scale * area(before["boxes"])
    return {"boxes": edges, "labels": ops.where(left, before["labels"], ops.full_like(before["labels"], -1))}


def area(boxes: Any) -> Any:
    """Return the areas ``(batch, boxes)`` of boxes ``(batch, boxes, 4)``: left, top, right, bottom."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
