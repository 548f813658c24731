"""Decoders: from a backbone's feature maps to a map of the image's size, for dense predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from automap.interfaces.architecture import Features

DecoderName = Literal["unet", "fpn"]

SMALLEST_MAP = 2
"""Smaller feature maps carry no spatial information."""


def decode_features(name: DecoderName, features: Features, images: Any, width: int, *, norm: bool) -> Any:
    """Return a map ``(batch, height, width, width)`` of the images' size.

    Args:
        name: ``unet`` or ``fpn``.
        features: feature maps of a backbone by stride.
        images: ``(batch, height, width, channels)``; used as the finest level if the backbone has no map of stride 1.
        width: channels of the finest map.
        norm: whether batch normalisation follows each convolution.
    """
    maps = spatial_features(features, images)
    if 1 not in maps:
        maps = {1: _conv(images, width, norm), **maps}
    return _DECODERS[name](maps, width, norm)


def spatial_features(features: Features, images: Any) -> Features:
    """Return the feature maps that are spatial: of the size that their stride implies, and larger than one pixel.

    Raises:
        ValueError: if there are none.
    """
    size = images.shape[1:3]
    found = {
        stride: each
        for stride, each in sorted(features.items())
        if tuple(each.shape[1:3]) == tuple(math.ceil(side / stride) for side in size)
        and min(each.shape[1:3]) >= SMALLEST_MAP
    }
    if not found:
        raise ValueError(f"the architecture has no spatial feature map for images of {size[0]}×{size[1]} pixels")
    return found


def _unet(maps: Features, width: int, norm: bool) -> Any:
    """Upsample, join with the next finer map, convolve twice (Ronneberger et al., 2015, arXiv:1505.04597)."""
    from keras import layers

    *finer, coarsest = maps
    x = maps[coarsest]
    for level, stride in reversed(list(enumerate(finer))):
        channels = width * 2 ** min(level, 3)
        x = layers.Concatenate()([_resized(x, maps[stride]), maps[stride]])
        x = _conv(_conv(x, channels, norm), channels, norm)
    return x if finer else _conv(x, width, norm)


def _fpn(maps: Features, width: int, norm: bool) -> Any:
    """Add maps from coarse to fine, and all levels at the finest (Kirillov et al., 2019, arXiv:1901.02446)."""
    from keras import layers

    channels = 2 * width
    finest = min(maps)
    down: Any = None
    levels = []
    for stride in sorted(maps, reverse=True):
        lateral = layers.Conv2D(channels, 1)(maps[stride])
        down = lateral if down is None else layers.Add()([lateral, _resized(down, lateral)])
        levels.append(_resized(_conv(down, width, norm), maps[finest]))
    merged = layers.Add()(levels) if len(levels) > 1 else levels[0]
    return _conv(merged, width, norm)


_DECODERS: Mapping[DecoderName, Callable[[Features, int, bool], Any]] = {"unet": _unet, "fpn": _fpn}


def _conv(x: Any, channels: int, norm: bool) -> Any:
    from keras import layers

    x = layers.Conv2D(channels, 3, padding="same", use_bias=not norm)(x)
    if norm:
        x = layers.BatchNormalization()(x)
    return layers.Activation("relu")(x)


def _resized(x: Any, like: Any) -> Any:
    from keras import layers

    if x.shape[1:3] == like.shape[1:3]:
        return x
    return layers.Resizing(like.shape[1], like.shape[2], interpolation="bilinear")(x)
