"""Enlarging small images: pretrained networks learned on images of 224 pixels and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

SMALLEST_SIDE = 64


def enlarged(images: keras.KerasTensor) -> tuple[keras.KerasTensor, int]:
    """Return images whose sides are at least `SMALLEST_SIDE` pixels, and the power of two by which they were enlarged.

    Images of an unknown size stay as they are.
    """
    from keras import layers

    sides = [side for side in images.shape[1:3] if side is not None]
    factor = 1
    while len(sides) == 2 and factor * min(sides) < SMALLEST_SIDE:
        factor *= 2
    if factor > 1:
        images = layers.UpSampling2D(factor, interpolation="bilinear", name="enlarge")(images)
    return images, factor
