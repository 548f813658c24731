"""How far an image of a given size can be reduced."""

from __future__ import annotations

import math

import keras

SMALL = 64
"""Images with a shorter side below this keep their full resolution in the first layer."""

SMALLEST_MAP = 4
"""No feature map is reduced below this height or width, unless the image itself is smaller."""


def short_side(inputs: keras.KerasTensor) -> int:
    """Return the smaller of an input's height and width."""
    return int(min(inputs.shape[1], inputs.shape[2]))


def stem_stride(inputs: keras.KerasTensor) -> int:
    """Return the stride of the first layer: 1 for small images, 4 for large ones.

    Networks made for 224×224 reduce at once, which would leave little of a digit.
    """
    return 1 if short_side(inputs) < SMALL else 4


def can_reduce(inputs: keras.KerasTensor, stride: int) -> bool:
    """Return whether feature maps at `stride`, relative to `inputs`, are still large enough."""
    return math.ceil(short_side(inputs) / stride) >= SMALLEST_MAP
