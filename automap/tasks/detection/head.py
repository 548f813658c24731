"""The head of detection: a feature pyramid and two towers that all of its levels share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array

PRIOR = 0.01
"""Probability of each class at every point before training: almost all points are background."""
FINEST = 4
"""Smaller strides are left out: they have many points with a small receptive field."""


def feature_pyramid(maps: Features, width: int) -> Features:
    """Return a feature pyramid of `width` channels (Lin et al., 2017, arXiv:1612.03144).

    Args:
        maps: spatial feature maps by stride.
        width: channels of every level.
    """
    from keras import layers

    coarse = {stride: each for stride, each in maps.items() if stride >= FINEST} or {max(maps): maps[max(maps)]}
    down: Any = None
    found: dict[int, Any] = {}
    for stride in sorted(coarse, reverse=True):
        lateral = layers.Conv2D(width, 1)(coarse[stride])
        if down is not None:
            like = lateral.shape[1:3]
            lateral = layers.Add()([lateral, layers.Resizing(like[0], like[1], interpolation="nearest")(down)])
        down = lateral
        found[stride] = layers.Conv2D(width, 3, padding="same")(lateral)
    return dict(sorted(found.items()))


class SharedTowers:
    """Two towers of convolutions, for boxes and for classes, whose layers all levels of the pyramid share.

    Args:
        width: channels of the convolutions, a multiple of 8.
        depth: convolutions of each tower.
        classes: number of classes.
    """

    def __init__(self, width: int, depth: int, classes: int) -> None:
        from keras import initializers, layers

        self._towers = [
            [
                (layers.Conv2D(width, 3, padding="same", use_bias=False), layers.GroupNormalization(8), layers.ReLU())
                for _ in range(depth)
            ]
            for _ in range(2)
        ]
        prior = initializers.Constant(-math.log((1 - PRIOR) / PRIOR))
        self._places = layers.Conv2D(5, 3, padding="same", dtype="float32", name="places")
        self._classes = layers.Conv2D(
            classes, 3, padding="same", bias_initializer=prior, dtype="float32", name="classes"
        )

    def __call__(self, level: Any) -> Any:
        """Return ``(batch, points, 5 + classes)``: four edges, centerness, and a logit for each class."""
        from keras import layers

        found = []
        for tower, last in zip(self._towers, (self._places, self._classes), strict=True):
            x = level
            for convolution, norm, activation in tower:
                x = activation(norm(convolution(x)))
            x = last(x)
            found.append(layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), dtype="float32")(x))
        return layers.Concatenate(axis=-1, dtype="float32")(found)


def grid_points(size: tuple[int, int], stride: int) -> Array:
    """Return x, y and stride of every point of a feature map ``(points, 3)``, float32, row by row."""
    y, x = np.meshgrid(*((np.arange(side) + 0.5) * stride for side in size), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], axis=-1).astype(np.float32)
