"""Losses of images, 0 to 1."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

SIGMA, RADIUS = 1.5, 5


class CharbonnierLoss(keras.losses.Loss):  # type: ignore[misc]
    """The mean of ``sqrt(error² + epsilon²)``.

    Args:
        epsilon: error below which it is smooth.
    """

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each pixel."""
        return ops.mean(ops.sqrt(ops.square(y_true - y_pred) + self.epsilon**2), axis=-1)


class SSIMLoss(keras.losses.Loss):  # type: ignore[misc]
    """One minus the structural similarity, plus a weighted absolute error.

    Args:
        absolute: weight of the absolute error; the rest is that of the other.
    """

    def __init__(self, absolute: float) -> None:
        super().__init__()
        self.absolute = absolute

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image."""
        error = ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))
        return self.absolute * error + (1 - self.absolute) * (1 - _similarity(y_true, y_pred))


def _similarity(x: Any, y: Any) -> Any:
    """Return the mean structural similarity of each image, over the pixels whose window lies within it."""
    channels = x.shape[-1]
    blurred = _blur(ops.concatenate([x, y, x * x, y * y, x * y], axis=-1))
    mean_x, mean_y, xx, yy, xy = (blurred[..., i * channels : (i + 1) * channels] for i in range(5))
    c1, c2 = 0.01**2, 0.03**2
    above = (2 * mean_x * mean_y + c1) * (2 * (xy - mean_x * mean_y) + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (xx - mean_x**2 + yy - mean_y**2 + c2)
    return ops.mean(above / below, axis=(1, 2, 3))


def _blur(images: Any) -> Any:
    channels = images.shape[-1]
    radius = min(RADIUS, (min(images.shape[1:3]) - 1) // 2)
    window = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * SIGMA**2))
    window = (window / window.sum()).astype(np.float32)
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        kernel = ops.convert_to_tensor(np.tile(window.reshape(shape), (1, 1, channels, 1)))
        images = ops.depthwise_conv(images, kernel, padding="valid", data_format="channels_last")
    return images
