"""The head of enhancement: the image plus a residual."""

from __future__ import annotations

from typing import Any

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, TargetImageInfo


def enhanced_image(unit: Any, decoded: Any, info: DataInfo) -> Any:
    """Return the image plus a residual that starts at zero, ``(batch, scale · height, scale · width, channels)``.

    For a scale above 1 the image is enlarged with bicubic interpolation, and the residual's channels are rearranged to
    pixels (Shi et al., 2016, arXiv:1609.05158).

    Args:
        unit: images, 0 to 1, ``(batch, height, width, channels)``.
        decoded: features of the images' size.
        info: describes the data.
    """
    from keras import layers

    height, width, channels = info.image.shape
    scale = info.target_as(TargetImageInfo).scale
    residual = layers.Conv2D(
        channels * scale**2, 3, padding="same", kernel_initializer="zeros", dtype="float32", name="residual"
    )(decoded)
    if scale > 1:
        unit = _enlarged(unit, height * scale, width * scale)
        residual = depth_to_space(residual, scale, channels)
    return layers.Add(dtype="float32", name="enhanced")([unit, residual])


def depth_to_space(x: Any, scale: int, channels: int) -> Any:
    """Rearrange ``(batch, height, width, scale² · channels)`` to pixels."""
    from keras import layers

    height, width = x.shape[1:3]
    x = layers.Reshape((height, width, scale, scale, channels))(x)
    x = layers.Permute((1, 3, 2, 4, 5))(x)
    return layers.Reshape((height * scale, width * scale, channels))(x)


def _enlarged(images: Any, height: int, width: int) -> Any:
    """Return images ``(batch, …)`` enlarged with bicubic interpolation, as products with two constant matrices.

    LiteRT and OpenVINO have no operation for TensorFlow's bicubic interpolation; every format has products.
    """
    from keras import layers, ops

    rows, columns, channels = images.shape[1:]
    flat = layers.Reshape((rows, columns * channels), dtype="float32")(images)
    tall = ops.matmul(_bicubic(rows, height), flat)
    tall = layers.Reshape((height, columns, channels), dtype="float32")(tall)
    return ops.matmul(_bicubic(columns, width), tall)


def _bicubic(before: int, after: int) -> Array:
    """Return the matrix ``(after, before)`` that interpolates along one side, float32."""
    from keras import ops

    identity = np.eye(before, dtype=np.float32)[None, :, :, None]
    return np.asarray(ops.convert_to_numpy(ops.image.resize(identity, (after, before), "bicubic")))[0, :, :, 0]
