"""Limits of downsampling for a given image size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

SMALLEST_MAP = 4
"""No feature map is reduced below this height or width, unless the image itself is smaller."""


def short_side(inputs: keras.KerasTensor) -> int:
    """Return the smaller of the height and width of ``(batch, height, width, channels)``."""
    return int(min(inputs.shape[1:3]))


def stem_stride(inputs: keras.KerasTensor, leaving: int = 32) -> int:
    """Return the downsampling factor of the first layers: 1, 2 or 4.

    Networks made for 224×224 reduce by 4 at once, which would leave little of a digit.

    Args:
        inputs: ``(batch, height, width, channels)``.
        leaving: pixels that the shorter side must keep. With 32 the stride is 1 below 64 pixels, 2 below 128,
            and 4 from there.
    """
    return max(stride for stride in (1, 2, 4) if stride == 1 or short_side(inputs) / stride >= leaving)


def can_reduce(inputs: keras.KerasTensor, stride: int) -> bool:
    """Return whether feature maps at `stride`, relative to `inputs`, are still large enough."""
    return math.ceil(short_side(inputs) / stride) >= SMALLEST_MAP


def fitting_steps(inputs: keras.KerasTensor, stem: int, steps: Sequence[int]) -> list[int]:
    """Return the stride of each stage; the earliest downsampling is omitted for small images.

    Late reductions stay: early layers are narrow and lose what they do not see in full. On 32×32 these are
    the steps that MobileNets for CIFAR take.

    Args:
        inputs: ``(batch, height, width, channels)``.
        stem: stride of the first layer.
        steps: stride of each stage, 1 or 2.
    """
    fitting = list(steps)
    for stage in range(len(steps)):
        if not can_reduce(inputs, stem * math.prod(fitting)):
            fitting[stage] = 1
    return fitting
