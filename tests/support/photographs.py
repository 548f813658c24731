"""Photographs of scikit-image that show objects of ImageNet classes."""

import numpy as np
from PIL import Image
from skimage import data

NAMES = ("chelsea", "coffee", "astronaut", "rocket")
"""A cat, a cup of coffee, an astronaut in front of a flag and a shuttle, a rocket."""


def photographs(size: int) -> np.ndarray:
    """Return the middle squares of the photographs, ``(4, size, size, 3)``, uint8."""
    return np.stack([_square(getattr(data, name)(), size) for name in NAMES])


def _square(image: np.ndarray, size: int) -> np.ndarray:
    picture = Image.fromarray(image)
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.crop(box).resize((size, size), Image.Resampling.BICUBIC))
