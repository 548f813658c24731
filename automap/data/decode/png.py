"""PNG files with 16 bits for each channel; Pillow alone keeps only the upper 8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from automap.data.decode.files import open_picture
from automap.interfaces.array import Array

_HIGH_AND_LOW = {"RGB;16B": ("RGB;16B", "RGB;16L"), "RGBA;16B": ("RGBA;16B", "RGBA;16L")}
"""Pillow's raw modes that take the first and the second byte of each value."""


def is_deep_png(start: bytes) -> bool:
    """Return whether a file that starts so is a PNG of 16 bits a channel."""
    return start.startswith(b"\x89PNG\r\n\x1a\n") and start[12:16] == b"IHDR" and start[24:25] == b"\x10"


def deep_png(source: Path | bytes) -> Array:
    """Return the values of a colour PNG of 16 bits a channel, or of a grey one with transparency.

    Returns:
        ``(height, width, channels)``, uint16; grey with transparency has four channels, as Pillow's mode for it.
    """
    raw_mode = _raw_mode(open_picture(source))
    if raw_mode == "LA;16B":
        # Each pixel is four bytes, so that any raw mode of four bytes shows them as they are.
        grey_high, grey_low, alpha_high, alpha_low = (_decoded(source, "RGBA")[..., band] for band in range(4))
        grey, alpha = _joined(grey_high, grey_low), _joined(alpha_high, alpha_low)
        return np.stack([grey, grey, grey, alpha], axis=-1)
    high, low = _HIGH_AND_LOW[raw_mode]
    values = _decoded(source, high).astype(np.uint16)
    values <<= 8
    values |= _decoded(source, low)
    return values


def _joined(high: Array, low: Array) -> Array:
    return np.asarray((high.astype(np.uint16) << 8) | low)


def _raw_mode(picture: Image.Image) -> str:
    arguments = picture.tile[0][3]  # type: ignore[attr-defined]
    return str(arguments if isinstance(arguments, str) else arguments[0])


def _decoded(source: Path | bytes, raw_mode: str) -> Array:
    """Return the bytes that one raw mode takes from the file, ``(height, width, channels)``, uint8."""
    picture = open_picture(source)
    codec, extents, offset, _ = picture.tile[0]  # type: ignore[attr-defined]
    picture.tile = [(codec, extents, offset, raw_mode)]  # type: ignore[attr-defined]
    picture.load()
    return np.asarray(picture)
