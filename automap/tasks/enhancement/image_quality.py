"""How like two images are."""

from __future__ import annotations

import math

import numpy as np

from automap.interfaces.array import Array

SIGMA, RADIUS = 1.5, 5
"""Of the Gaussian window of structural similarity, in pixels."""
BEST_PSNR = 100.0
"""Given to an image without any error, whose ratio would be infinite."""


def peak_signal_to_noise(target: Array, image: Array) -> float:
    """Return the peak signal-to-noise ratio of two uint8 images in decibels, 100 at most."""
    error = float(np.square(target.astype(np.float64) - image).mean())
    return min(BEST_PSNR, 10 * math.log10(255.0**2 / error)) if error else BEST_PSNR


def structural_similarity(target: Array, image: Array) -> float:
    """Return the structural similarity of two images, -1 to 1 (Wang et al., 2004, doi:10.1109/TIP.2003.819861).

    Args:
        target: ``(height, width, channels)``, uint8, 11 pixels a side at least; the mean over channels is taken.
        image: of the same shape.

    Returns:
        The mean over the pixels around which the whole window lies within the image; over all pixels of smaller images.
    """
    from scipy.ndimage import gaussian_filter

    x, y = target.astype(np.float64), image.astype(np.float64)
    products = np.stack([x, y, x * x, y * y, x * y])
    means = gaussian_filter(products, SIGMA, axes=(1, 2), radius=RADIUS)
    mean_x, mean_y, xx, yy, xy = means
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * (xy - mean_x * mean_y) + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (xx - mean_x**2 + yy - mean_y**2 + c2)
    values = above / below
    if min(values.shape[:2]) > 2 * RADIUS:
        values = values[RADIUS:-RADIUS, RADIUS:-RADIUS]
    return float(values.mean())
