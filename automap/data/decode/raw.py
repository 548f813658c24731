"""Images beyond Pillow's 8-bit modes: more bits, floats, any number of channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.files import check_size, open_picture, orientation_of
from automap.data.decode.npy import npy_image
from automap.data.decode.png import deep_png, is_deep_png
from automap.data.decode.tiff import is_tiff, tiff_image
from automap.interfaces.array import Array
from automap.interfaces.dataset import MAX_CHANNELS


@dataclass(frozen=True)
class RawImage:
    """An image whose values are not limited to 8 bits."""

    shape: tuple[int, int, int]
    """Height, width and channels as stored, the alpha channel included."""
    dtype: str
    """NumPy's name of the type of its values."""
    load: Callable[[], Array]
    """Returns the values in this shape."""
    has_alpha: bool = False
    """Whether the last channel is transparency."""
    orientation: int = 1
    """EXIF orientation."""


def open_image(source: Path | bytes | Array) -> RawImage | Image.Image:
    """Open an image without decoding it: as one of Pillow's where 8 bits and Pillow suffice, else as a `RawImage`.

    Args:
        source: the path of a file, its content, or values ``(height, width[, channels])`` of any numeric type.

    Raises:
        BadImage: if it is too large, or the values are not an image.
        Exception: whatever a reader raises on a damaged file.
    """
    if isinstance(source, np.ndarray):
        return _array_image(source)
    start = source[:32] if isinstance(source, bytes) else _start(source)
    if start.startswith(b"\x93NUMPY"):
        return _checked(*npy_image(source))
    if is_tiff(start) and (found := tiff_image(source)) is not None:
        return _checked(*found)
    if is_deep_png(start):
        return _deep_png(source)
    picture = open_picture(source)
    return picture if _mode_dtype(picture) is None else _picture_image(picture)


def _start(path: Path) -> bytes:
    if not path.is_file():
        raise BadImage("not a regular file")
    with path.open("rb") as file:
        return file.read(32)


def _checked(
    shape: tuple[int, int, int], dtype: str, load: Callable[[], Array], has_alpha: bool = False, orientation: int = 1
) -> RawImage:
    height, width, channels = shape
    if np.dtype(dtype).kind not in "uifb":
        raise BadImage("pixels are not numbers", f"type {dtype}")
    if min(shape) < 1 or channels > MAX_CHANNELS:
        raise BadImage("not the shape of an image", f"{shape}; channels come last, at most {MAX_CHANNELS}")
    check_size(width, height, channels * np.dtype(dtype).itemsize)
    return RawImage(shape, dtype, load, has_alpha, orientation)


def _array_image(values: Array) -> RawImage | Image.Image:
    if values.ndim not in {2, 3} or not values.size:
        raise BadImage("not the shape of an image", f"{values.shape}; expected (height, width[, channels])")
    if values.dtype.kind not in "uifb":
        raise BadImage("pixels are not numbers", f"type {values.dtype}")
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    if values.dtype == np.bool_:
        values = values * np.uint8(255)
    if values.dtype == np.uint8 and channels in {1, 3, 4}:
        return Image.fromarray(values[..., 0] if values.ndim == 3 and channels == 1 else values)
    # Of plain arrays nobody checks the memory: they are in it.
    return RawImage((height, width, channels), values.dtype.name, lambda: values.reshape(height, width, channels))


def _deep_png(source: Path | bytes) -> RawImage:
    picture = open_picture(source)
    channels = len(picture.getbands())
    # A grey image with transparency is opened as RGBA; its values are read from there.
    has_alpha = picture.mode in {"RGBA", "LA"}
    if picture.mode.startswith("I"):
        return _picture_image(picture)
    shape = (picture.height, picture.width, channels)
    check_size(picture.width, picture.height, 5 + 2 * channels)
    return RawImage(shape, "uint16", lambda: deep_png(source), has_alpha, orientation_of(picture))


def _mode_dtype(picture: Image.Image) -> str | None:
    """Return the type of values that Pillow's 8-bit modes cannot hold; None of an 8-bit mode."""
    if picture.mode == "F":
        return "float32"
    if picture.mode == "I":
        # Pillow scales whole numbers of other depths up to 16 bit; in TIFF they are what they are.
        return "int32" if picture.format == "TIFF" else "uint16"
    return "uint16" if picture.mode.startswith("I;16") else None


def _picture_image(picture: Image.Image) -> RawImage:
    dtype = _mode_dtype(picture)
    assert dtype is not None

    def load() -> Array:
        return np.asarray(picture).astype(dtype, copy=False)[..., np.newaxis]

    return RawImage((picture.height, picture.width, 1), dtype, load, orientation=orientation_of(picture))
