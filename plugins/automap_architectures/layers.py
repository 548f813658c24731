"""Blocks that several architectures share."""

from __future__ import annotations

import math
from typing import Any

import keras


def conv(x: Any, filters: int, kernel: int, *, stride: int = 1) -> Any:
    """Apply a convolution without bias; a batch normalisation follows later."""
    return keras.layers.Conv2D(
        filters, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)


def conv_norm(
    x: Any, filters: int, kernel: int, *, stride: int = 1, activation: str | None = None, zero: bool = False
) -> Any:
    """Apply a convolution without bias, batch normalisation and an activation.

    Args:
        x: ``(batch, height, width, channels)``.
        filters: channels of the result.
        kernel: height and width of the kernel.
        stride: by how much height and width are divided.
        activation: its name; None for none.
        zero: whether the norm starts at zero, so that a residual block starts as the identity (Goyal et al.,
            2017, arXiv:1706.02677).
    """
    return norm(conv(x, filters, kernel, stride=stride), activation=activation, zero=zero)


def depthwise_norm(x: Any, kernel: int, *, stride: int = 1, activation: str | None = None) -> Any:
    """Apply a depthwise convolution without bias, batch normalisation and an activation."""
    # "he_normal" would take all channels for inputs of one filter, which sees only its own.
    initializer = keras.initializers.RandomNormal(stddev=math.sqrt(2) / kernel)
    x = keras.layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False, depthwise_initializer=initializer
    )(x)
    return norm(x, activation=activation)


def norm(x: Any, *, activation: str | None = None, zero: bool = False) -> Any:
    """Apply batch normalisation and an activation."""
    x = keras.layers.BatchNormalization(epsilon=1e-5, gamma_initializer="zeros" if zero else "ones")(x)
    return x if activation is None else keras.layers.Activation(activation)(x)


def squeeze_excite(x: Any, squeezed: int, activation: str) -> Any:
    """Reweight channels by the content of the whole map (Hu et al., 2017, arXiv:1709.01507).

    Args:
        x: ``(batch, height, width, channels)``.
        squeezed: units of the bottleneck.
        activation: that of the bottleneck.
    """
    weights = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = keras.layers.Conv2D(squeezed, 1, activation=activation)(weights)
    weights = keras.layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(weights)
    return keras.layers.Multiply()([x, weights])


def residual(x: Any, branch: Any, drop: float) -> Any:
    """Add a residual branch that is dropped at random for whole images (Huang et al., 2016, arXiv:1603.09382).

    Args:
        x: the shortcut.
        branch: of the same shape.
        drop: probability of leaving the branch out in training.
    """
    if drop:
        branch = keras.layers.Dropout(drop, noise_shape=(None, 1, 1, 1))(branch)
    return keras.layers.Add()([x, branch])


def drop_rates(last: float, blocks: int) -> list[float]:
    """Return the drop probability of each block, rising linearly from 0."""
    return [last * index / max(1, blocks - 1) for index in range(blocks)]


def round_to(channels: float, multiple: int = 8) -> int:
    """Round a number of channels to a multiple, never down by more than a tenth."""
    rounded = max(multiple, int(channels + multiple / 2) // multiple * multiple)
    return rounded + multiple if rounded < 0.9 * channels else rounded
