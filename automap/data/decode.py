"""From a file, an encoded image or pixels to a uint8 record of fixed shape."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

MAX_SIDE = 30_000
"""Pixels along a side above which an image is taken for damaged or hostile."""
MAX_PIXELS = 150_000_000
"""Pixels in all above which an image is refused; as colour it takes 450 MB to decode."""
MAX_FILE_BYTES = 2**30
"""Size of a file above which it is refused unread."""

Resize = Literal["pad", "crop", "stretch"]
Array = np.ndarray[Any, Any]

_Transpose = Image.Transpose
_UPRIGHT = {
    2: _Transpose.FLIP_LEFT_RIGHT,
    3: _Transpose.ROTATE_180,
    4: _Transpose.FLIP_TOP_BOTTOM,
    5: _Transpose.TRANSPOSE,
    6: _Transpose.ROTATE_270,
    7: _Transpose.TRANSVERSE,
    8: _Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation."""
_GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_TRANSPARENT = frozenset({"PA", "LA", "La", "RGBA", "RGBa"})


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
    if isinstance(image, np.ndarray):
        _check_pixels(image)
        if image.shape == shape or (*image.shape, 1) == shape:
            return image.reshape(shape)
    try:
        with _quietly():
            picture = Image.fromarray(image) if isinstance(image, np.ndarray) else _open(image, shape, resize)
            return np.asarray(_fit(_to_mode(picture, shape[2]), (shape[1], shape[0]), resize)).reshape(shape)
    except BadImage:
        raise
    except UnidentifiedImageError:
        raise BadImage("not an image") from None
    except Image.DecompressionBombError:
        raise BadImage("absurd dimensions") from None
    except Exception as error:
        # Pillow's readers raise whatever they like on damaged files (struct.error, RuntimeError, KeyError, …), and
        # one file must not end the reading of a million.
        raise BadImage("truncated" if "truncated" in str(error).lower() else "damaged") from error


def image_header(image: Path | bytes | Array) -> tuple[int, int, int] | None:
    """Return height, width and channels as decoding would see them, from the header; None if damaged."""
    if isinstance(image, np.ndarray):
        return (*image.shape[:2], image.shape[2] if image.ndim == 3 else 1) if image.ndim in {2, 3} else None
    try:
        with _quietly(), Image.open(io.BytesIO(image) if isinstance(image, bytes) else image) as opened:
            width, height = opened.size
            if _orientation(opened) >= 5:  # These lie on their side.
                width, height = height, width
            return height, width, 1 if opened.mode in _GREY else 3
    except Exception:
        # As in `decode`; what is wrong is reported when the image is decoded.
        return None


def _check_pixels(pixels: Array) -> None:
    if pixels.dtype != np.uint8:
        raise BadImage(f"pixels of type {pixels.dtype}, not uint8")
    if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and pixels.shape[2] not in {1, 3, 4}) or not pixels.size:
        raise BadImage(f"pixels of the shape {pixels.shape}, not (height, width) or with 1, 3 or 4 channels")


def _open(source: Path | bytes, shape: tuple[int, int, int], resize: Resize) -> Image.Image:
    content = source if isinstance(source, bytes) else _read(source)
    if not content:
        raise BadImage("zero bytes")
    picture = Image.open(io.BytesIO(content))
    width, height = picture.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage(f"absurd dimensions ({width}×{height})")
    orientation = _orientation(picture)
    lying = orientation >= 5
    # JPEG can be decoded at a half, a quarter or an eighth, several times as fast; never below twice the record.
    scale = 2 * _scale((height, width) if lying else (width, height), (shape[1], shape[0]), resize)
    picture.draft(None, (int(width * scale) + 1, int(height * scale) + 1))
    picture.load()
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise BadImage(f"absurd size (over {MAX_FILE_BYTES / 1e9:.1f} GB)")
    return content


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:
        # EXIF that is damaged says nothing; the picture may well be whole.
        return 1


class _quietly(warnings.catch_warnings):  # noqa: N801
    """Silences Pillow's warnings on odd files: what is wrong with them is reported as their reason."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


def _to_mode(picture: Image.Image, channels: int) -> Image.Image:
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        picture = Image.fromarray(_to_eight_bits(np.asarray(picture)))
    if picture.mode in _TRANSPARENT or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _to_eight_bits(pixels: Array) -> Array:
    """Scale by the range of the type, not of the image: the same grey stays the same in every image.

    Whole numbers are 16 bit (Pillow scales other depths up to it). Floats have no range of their own: up to 1 is white
    if none is above it, otherwise 255, otherwise 65535.
    """
    highest = 65535.0
    if pixels.dtype.kind == "f":
        largest = float(np.nan_to_num(pixels).max(initial=0))
        highest = 1.0 if largest <= 1 else 255.0 if largest <= 255 else 65535.0
    return np.clip(np.nan_to_num(pixels) * (255.0 / highest), 0, 255).round().astype(np.uint8)


def _scale(size: tuple[int, int], record: tuple[int, int], resize: Resize) -> float:
    """Return by what a picture's sides are multiplied; for ``stretch`` the larger of the two."""
    both = record[0] / size[0], record[1] / size[1]
    return min(both) if resize == "pad" else max(both)


def _fit(picture: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    """Resize with Pillow's bilinear filter, which widens with the reduction and so does not alias."""
    if picture.size == size:
        return picture
    if resize == "stretch":
        return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    width, height = picture.size
    scale = _scale(picture.size, size, resize)
    if resize == "crop":
        across, down = min(width, size[0] / scale), min(height, size[1] / scale)
        left, top = (width - across) / 2, (height - down) / 2
        box = (left, top, left + across, top + down)
        return picture.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
    inner = max(1, min(size[0], round(width * scale))), max(1, min(size[1], round(height * scale)))
    padded = Image.new(picture.mode, size)
    offset = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    padded.paste(picture.resize(inner, Image.Resampling.BILINEAR, reducing_gap=3.0), offset)
    return padded
