"""Opening image files: which formats are read, and how large an image may be."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import stat
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from automap.data.decode.errors import BadImage
from automap.interfaces.array import Array
from automap.interfaces.sample import ImageSource

FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "HEIF", "DDS")
"""Formats that Pillow may try, by its names; others, such as EPS, may start other programs."""
MAX_SIDE = 30_000
"""Largest width or height, in pixels, of an image."""
MAX_PIXELS = 300_000_000
"""Most pixels of an image, whatever they take."""
DECODE_BYTES = 2 * 2**30
"""Most memory that the pixels of one image may take while it is decoded."""
MAX_FILE_BYTES = 2**30
"""Largest image file."""

_BYTES_PER_PIXEL = {"JPEG": 7, "MPO": 7, "JPEG2000": 16, "AVIF": 12, "HEIF": 12, "WEBP": 10, "GIF": 8, "DDS": 8}
"""Memory that Pillow and the format's library take at most for each pixel; of other formats, by the mode."""
_BYTES_BY_MODE = {"1": 1, "L": 1, "P": 1, "I;16": 6, "I;16B": 6, "I;16L": 6, "I;16N": 6, "I": 10, "F": 10}
_OTHER_MODES = 5
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"})

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow's own limit is below what phones produce; ours is checked in bytes.

Pixels = Path | bytes | Array | ImageSource


@cache
def supported_formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that this installation can read."""
    Image.init()
    if importlib.util.find_spec("pillow_heif") is not None:
        importlib.import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def read_file(path: Path) -> bytes:
    """Return the content of an image file.

    Raises:
        BadImage: if it cannot be read, is larger than `MAX_FILE_BYTES`, or is not a regular file: opening a named pipe
            or a device could block forever.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise BadImage("not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            raise BadImage("file too large", f"{status.st_size / 1e9:.1f} GB; at most {MAX_FILE_BYTES / 1e9:.1f} GB")
        content = path.read_bytes()
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror}") from None
    if not content:
        raise BadImage("zero bytes")
    return content


def open_picture(source: bytes | Path) -> Image.Image:
    """Open an encoded image with Pillow, without decoding its pixels.

    Args:
        source: the encoded image, or the path of a regular file.

    Raises:
        BadImage: if it would take too much memory to decode.
        PIL.UnidentifiedImageError: if it is of no supported format.
    """
    if isinstance(source, Path) and not source.is_file():
        raise BadImage("not a regular file")
    try:
        picture = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=supported_formats())
    except UnidentifiedImageError:
        if is_heic(source) and "HEIF" not in supported_formats():
            raise BadImage("HEIC image; to read it, install pillow-heif: pip install 'automap[heic]'") from None
        raise
    check_size(picture.width, picture.height, bytes_per_pixel(picture))
    return picture


def is_heic(source: bytes | Path) -> bool:
    """Return whether an encoded image is in the format of phones that Pillow does not read by itself."""
    if isinstance(source, bytes):
        head = source[:12]
    else:
        with source.open("rb") as file:
            head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def bytes_per_pixel(picture: Image.Image) -> int:
    """Return the most bytes of memory that decoding takes for each pixel."""
    by_mode = _BYTES_BY_MODE.get(picture.mode, _OTHER_MODES)
    if picture.format in {"JPEG", "MPO"} and not picture.info.get("progressive"):
        return by_mode
    return _BYTES_PER_PIXEL.get(picture.format or "", by_mode)


def check_size(width: int, height: int, bytes_each: int) -> None:
    """Refuse an image that is too large to decode.

    Args:
        width: in pixels.
        height: in pixels.
        bytes_each: memory that a pixel takes while it is decoded.

    Raises:
        BadImage: if a side, the number of pixels or the memory is above its limit.
    """
    if max(width, height) > MAX_SIDE:
        raise BadImage("too large", f"{width}×{height} pixels; at most {MAX_SIDE:,} a side")
    most = min(MAX_PIXELS, DECODE_BYTES // bytes_each)
    if width * height > most:
        raise BadImage("too large", f"{width}×{height} pixels; at most {most / 1e6:.0f} megapixels of this kind")


class quietly(warnings.catch_warnings):  # noqa: N801
    """Silence Pillow's warnings about odd files: a fault is reported as the reason of a bad image."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


_Transpose = Image.Transpose
UPRIGHT = {
    2: _Transpose.FLIP_LEFT_RIGHT,
    3: _Transpose.ROTATE_180,
    4: _Transpose.FLIP_TOP_BOTTOM,
    5: _Transpose.TRANSPOSE,
    6: _Transpose.ROTATE_270,
    7: _Transpose.TRANSVERSE,
    8: _Transpose.ROTATE_90,
}
"""How to turn an image upright, by its EXIF orientation."""


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none or the EXIF data is damaged."""
    try:
        stated = int(picture.getexif().get(0x0112, 1))
    except Exception:
        # Pillow raises whatever its parser meets; the pixels may well be intact.
        return 1
    return stated if stated in UPRIGHT else 1


def turned(pixels: Array, orientation: int) -> Array:
    """Return pixels ``(height, width, …)`` upright, by their EXIF orientation."""
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return pixels
