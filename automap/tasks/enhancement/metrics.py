"""Metrics of enhancement: how similar two images are."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.metric import Evaluator
from automap.interfaces.sample import IMAGE

SIGMA, RADIUS = 1.5, 5
"""Of the Gaussian window of structural similarity, in pixels."""
MAX_PSNR = 100.0
"""Of an image without any error, for which the ratio would be infinite."""


class EnhancementEvaluator(Evaluator):
    """Compares each image with its target; the metrics are means over images."""

    def __init__(self, info: DataInfo) -> None:
        self._info = info
        self._found: dict[str, list[float]] = {}

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: target images in pixel values, outputs of about 0 to 1, and the input images."""
        for target, output, image in zip(targets, outputs, inputs[IMAGE], strict=True):
            self._add("", target, as_pixels(output, self._info))
            self._add("input_", target, enlarged(image, target.shape))

    def _add(self, prefix: str, target: Array, image: Array) -> None:
        largest = self._info.image.max_value
        self._found.setdefault(f"{prefix}psnr", []).append(peak_signal_to_noise(target, image, largest))
        self._found.setdefault(f"{prefix}ssim", []).append(structural_similarity(target, image, largest))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far."""
        return {name: float(np.mean(values)) for name, values in self._found.items()}


def as_pixels(output: Array, info: DataInfo) -> Array:
    """Return an output of about 0 to 1 in pixel values, uint8 or uint16."""
    largest = info.image.max_value
    return np.asarray(np.clip(output * float(largest), 0, largest).round().astype(info.image.dtype))


def enlarged(image: Array, shape: tuple[int, ...]) -> Array:
    """Return an image in the size of its target, with bicubic interpolation."""
    from PIL import Image

    if image.shape == shape:
        return image
    # Channel by channel: Pillow has no colour images of 16 bits, and none of more than four channels.
    size, kind = (shape[1], shape[0]), image.dtype
    planes = image if kind == np.uint8 else image.astype(np.float32)
    resized = [
        np.asarray(Image.fromarray(planes[..., channel]).resize(size, Image.Resampling.BICUBIC))
        for channel in range(image.shape[-1])
    ]
    return np.asarray(np.stack(resized, axis=-1).clip(0, np.iinfo(kind).max).round().astype(kind))


def peak_signal_to_noise(target: Array, image: Array, largest: int = 255) -> float:
    """Return the peak signal-to-noise ratio of two images in decibels, at most 100.

    Args:
        target: in pixel values.
        image: of the same shape.
        largest: the largest pixel value, 255 or 65535.
    """
    error = float(np.square(target.astype(np.float64) - image).mean())
    return min(MAX_PSNR, 10 * math.log10(float(largest) ** 2 / error)) if error else MAX_PSNR


def structural_similarity(target: Array, image: Array, largest: int = 255) -> float:
    """Return the structural similarity of two images, -1 to 1 (Wang et al., 2004, doi:10.1109/TIP.2003.819861).

    Args:
        target: ``(height, width, channels)``, in pixel values, at least 11 pixels a side.
        image: of the same shape.
        largest: the largest pixel value, 255 or 65535.

    Returns:
        The mean over channels and over the pixels whose whole window lies within the image; over all pixels if the
        image is smaller than the window.
    """
    from scipy.ndimage import gaussian_filter

    x, y = target.astype(np.float64), image.astype(np.float64)
    products = np.stack([x, y, x * x, y * y, x * y])
    means = gaussian_filter(products, SIGMA, axes=(1, 2), radius=RADIUS)
    mean_x, mean_y, xx, yy, xy = means
    c1, c2 = (0.01 * largest) ** 2, (0.03 * largest) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * (xy - mean_x * mean_y) + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (xx - mean_x**2 + yy - mean_y**2 + c2)
    values = above / below
    if min(values.shape[:2]) > 2 * RADIUS:
        values = values[RADIUS:-RADIUS, RADIUS:-RADIUS]
    return float(values.mean())
