"""From a file, an encoded image or pixels to a uint8 record of fixed shape."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_SIDE = 30_000
"""Pixels along a side above which an image is taken for damaged or hostile."""
MAX_PIXELS = 200_000_000
"""Pixels in all above which an image is refused."""

Resize = Literal["pad", "crop", "stretch"]
Array = np.ndarray[Any, Any]


class BadImage(Exception):  # noqa: N818
    """An image that cannot be used; the text is the reason."""


def decode(image: Path | bytes | Array, shape: tuple[int, int, int], resize: Resize) -> Array:
    """Return an image as a record.

    Transparency is laid on white, the orientation of EXIF is applied, 16 bit are scaled to 8, and of an
    animation the first frame is taken.

    Args:
        image: a file, an encoded image, or pixels ``(height, width[, channels])``, uint8.
        shape: height, width and channels (1 or 3) of the record.
        resize: ``pad`` keeps all of the image and fills with black, ``crop`` fills the record and loses the
            edges, ``stretch`` changes the proportions.

    Raises:
        BadImage: if it is none, is damaged, or is absurdly large.
    """
    if isinstance(image, np.ndarray) and image.reshape(*image.shape[:2], -1).shape == shape:
        return image.reshape(shape)
    picture = _to_mode(Image.fromarray(image) if isinstance(image, np.ndarray) else _open(image), shape[2])
    return np.asarray(_fit(picture, (shape[1], shape[0]), resize), np.uint8).reshape(shape)


def image_header(image: Path | bytes | Array) -> tuple[int, int, int] | None:
    """Return height, width and channels as decoding would see them, from the header; None if damaged."""
    if isinstance(image, np.ndarray):
        return image.shape[0], image.shape[1], image.shape[2] if image.ndim == 3 else 1
    try:
        with _quietly(), Image.open(io.BytesIO(image) if isinstance(image, bytes) else image) as opened:
            width, height = opened.size
            if opened.getexif().get(0x0112, 1) >= 5:  # Orientations from 5 on lie on their side.
                width, height = height, width
            return height, width, 1 if opened.mode in _GREY else 3
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


_GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def _open(source: Path | bytes) -> Image.Image:
    if not source if isinstance(source, bytes) else _size(source) == 0:
        raise BadImage("zero bytes")
    try:
        with _quietly():
            picture = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise BadImage(f"absurd dimensions ({width}×{height})")
            picture.load()
            return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise BadImage("not an image") from None
    except Image.DecompressionBombError:
        raise BadImage("absurd dimensions") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        # Pillow's readers raise any of these on damaged files.
        raise BadImage(_damage(error)) from None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror}") from None


def _damage(error: Exception) -> str:
    if isinstance(error, PermissionError | FileNotFoundError):
        return f"cannot be read: {error.strerror}"
    return "truncated" if "truncated" in str(error).lower() else "damaged"


class _quietly(warnings.catch_warnings):  # noqa: N801
    """Silences Pillow's warnings on odd files: what is wrong with them is reported as their reason."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


def _to_mode(picture: Image.Image, channels: int) -> Image.Image:
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        picture = Image.fromarray(_to_eight_bits(np.asarray(picture)))
    if picture.mode in {"PA", "LA", "La", "RGBA", "RGBa"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _to_eight_bits(pixels: Array) -> Array:
    """Scale by the range of the type, not of the image: the same grey stays the same in every image."""
    highest = 255.0 if pixels.max(initial=0) <= 255 else 65535.0
    return np.clip(pixels * (255.0 / highest), 0, 255).round().astype(np.uint8)


def _fit(picture: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    if picture.size == size:
        return picture
    if resize == "stretch":
        return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    if resize == "crop":
        return ImageOps.fit(picture, size, Image.Resampling.BILINEAR)
    return ImageOps.pad(picture, size, Image.Resampling.BILINEAR)
