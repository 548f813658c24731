"""NumPy's ``.npy`` files as images."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from automap.data.decode.errors import BadImage
from automap.interfaces.array import Array

SMALLEST_SIDE = 8
"""A first axis shorter than this, before two that are not, holds channels, not rows."""


def npy_image(source: Path | bytes) -> tuple[tuple[int, int, int], str, Callable[[], Array]]:
    """Describe an array ``(height, width)``, ``(height, width, channels)`` or ``(channels, height, width)``.

    Returns:
        Height, width and channels; the name of the type; and what loads the values in that shape.

    Raises:
        BadImage: if it has other axes, or values that are not numbers.
        ValueError: if the file is damaged.
    """
    with BytesIO(source[:4096]) if isinstance(source, bytes) else source.open("rb") as file:
        shape, fortran, dtype, offset = _header(file)
    if dtype.hasobject or dtype.kind not in "uifb":
        raise BadImage("pixels are not numbers", f"type {dtype}")
    if len(shape) not in {2, 3} or 0 in shape:
        raise BadImage("not the shape of an image", f"{shape}; expected (height, width[, channels])")
    channels_first = len(shape) == 3 and shape[0] < SMALLEST_SIDE <= min(shape[1:])
    size = (*shape[1:], shape[0]) if channels_first else (*shape, 1)[:3]

    def load() -> Array:
        content = source if isinstance(source, bytes) else source.read_bytes()
        if len(content) - offset < math.prod(shape) * dtype.itemsize:
            raise BadImage("truncated")
        values = np.frombuffer(content, dtype, math.prod(shape), offset).reshape(shape, order="F" if fortran else "C")
        values = np.moveaxis(values, 0, -1) if channels_first else values
        return values.reshape(size).astype(dtype.newbyteorder("="), copy=False)

    return (size[0], size[1], size[2]), dtype.name, load


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    version = npy_format.read_magic(file)
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype, file.tell()
