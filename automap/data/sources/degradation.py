"""Degradations of images."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from automap.interfaces.array import Array


class Degradation(NamedTuple):
    """Degradations, applied in this order."""

    blur: float = 0.0
    """Standard deviation of a Gaussian blur, in pixels."""
    downscale: int = 1
    """Factor by which height and width are reduced, with a bicubic filter."""
    low_light: float = 1.0
    """Factor by which all values are multiplied."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise, of 255."""
    jpeg: int | None = None
    """Quality of JPEG compression."""


def degrade(image: Array, what: Degradation, random: np.random.Generator) -> Array:
    """Return a degraded image.

    Args:
        image: ``(height, width, channels)``, uint8; both sides multiples of `downscale`.
        what: is done to it.
        random: draws the noise.

    Returns:
        ``(height / downscale, width / downscale, channels)``, uint8.
    """
    values = image.astype(np.float64)
    if what.blur:
        from scipy.ndimage import gaussian_filter

        values = gaussian_filter(values, what.blur, axes=(0, 1))
    if what.downscale > 1:
        values = _reduced(_pixels(values), what.downscale).astype(np.float64)
    values = values * what.low_light
    if what.noise:
        values = values + random.normal(0.0, what.noise, values.shape)
    return _pixels(values) if what.jpeg is None else _compressed(_pixels(values), what.jpeg)


def _pixels(values: Array) -> Array:
    return np.asarray(values.round().clip(0, 255).astype(np.uint8))


def _picture(image: Array) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _reduced(image: Array, by: int) -> Array:
    height, width, channels = image.shape
    reduced = _picture(image).resize((width // by, height // by), Image.Resampling.BICUBIC)
    return np.asarray(reduced).reshape(height // by, width // by, channels)


def _compressed(image: Array, quality: int) -> Array:
    buffer = io.BytesIO()
    _picture(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer, formats=("JPEG",))).reshape(image.shape)
