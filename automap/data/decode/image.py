"""From a file, an encoded image or pixels to a uint8 record of fixed shape."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from automap.data.decode.geometry import Geometry, Resize, fit, scale_of
from automap.interfaces.array import Array
from automap.interfaces.sample import ImageSource

MAX_SIDE = 30_000
"""Pixels along a side above which an image is taken for damaged or hostile."""
MAX_PIXELS = 150_000_000
"""Pixels in all above which an image is refused; as colour it takes 450 MB to decode."""
MAX_FILE_BYTES = 2**30
"""Size of a file above which it is refused unread."""

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


Pixels = Path | bytes | Array | ImageSource


def decode(image: Pixels, shape: tuple[int, int, int], resize: Resize) -> Array:
    """Return an image as a record; see `decode_placed`."""
    return decode_placed(image, shape, resize)[0]


def decode_placed(
    image: Pixels, shape: tuple[int, int, int], resize: Resize, like: Geometry | None = None
) -> tuple[Array, Geometry]:
    """Return an image as a record, and how it was fitted into it.

    Transparency is laid on white, the orientation of EXIF is applied, 16 bit are scaled to 8, and of an
    animation the first frame is taken.

    Args:
        image: a file, an encoded image, pixels ``(height, width[, channels])``, uint8, or what makes an image.
        shape: height, width and channels (1 or 3) of the record.
        resize: ``pad`` keeps all of the image and fills with black, ``crop`` fills the record and loses the
            edges, ``stretch`` changes the proportions.
        like: how another image was fitted into a record of which `shape` is a multiple; this one is fitted so too.

    Raises:
        BadImage: if it is none, is damaged, or is absurdly large.
    """
    if isinstance(image, np.ndarray):
        _check_pixels(image)
        if image.shape == shape or (*image.shape, 1) == shape:
            return image.reshape(shape), fit(shape[:2], shape[:2], resize)
    try:
        with _quietly():
            if isinstance(image, ImageSource):
                return np.asarray(image.decode(shape, resize)).reshape(shape), fit(shape[:2], shape[:2], resize)
            if isinstance(image, np.ndarray):
                picture, size, orientation = Image.fromarray(image), image.shape[:2], 1
            else:
                picture, size, orientation = _open(image, shape, resize)
            opened = picture.height, picture.width
            applied = fit(opened, shape[:2], resize) if like is None else like.scaled_to(opened, shape[:2])
            pixels = np.asarray(_fit(_to_mode(picture, shape[2]), applied, resize)).reshape(shape)
            return pixels, _of_source(applied, size, orientation)
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


def _of_source(applied: Geometry, size: tuple[int, int], orientation: int) -> Geometry:
    """Undo the reduction with which a file was opened."""
    down, across = size[0] / applied.source[0], size[1] / applied.source[1]
    left, top, right, bottom = applied.shown
    shown = (left * across, top * down, right * across, bottom * down)
    return applied._replace(source=size, shown=shown, orientation=orientation)


def image_header(image: Pixels) -> tuple[int, int, int] | None:
    """Return height, width and channels as decoding would see them, from the header; None if damaged."""
    if isinstance(image, np.ndarray):
        return (*image.shape[:2], image.shape[2] if image.ndim == 3 else 1) if image.ndim in {2, 3} else None
    if isinstance(image, ImageSource):
        return image.header()
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


def _open(
    source: Path | bytes, shape: tuple[int, int, int], resize: Resize
) -> tuple[Image.Image, tuple[int, int], int]:
    """Return a picture upright, its height and width before any reduction, and the orientation that it had."""
    content = source if isinstance(source, bytes) else _read(source)
    if not content:
        raise BadImage("zero bytes")
    picture = Image.open(io.BytesIO(content))
    width, height = picture.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage(f"absurd dimensions ({width}×{height})")
    orientation = _orientation(picture)
    upright = (width, height) if orientation >= 5 else (height, width)
    # JPEG can be decoded at a half, a quarter or an eighth, several times as fast; never below twice the record.
    scale = 2 * scale_of((upright[1], upright[0]), (shape[1], shape[0]), resize)
    picture.draft(None, (int(width * scale) + 1, int(height * scale) + 1))
    picture.load()
    return (picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture), upright, orientation


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


def _fit(picture: Image.Image, geometry: Geometry, resize: Resize) -> Image.Image:
    """Resize with Pillow's bilinear filter, which widens with the reduction and so does not alias."""
    size = geometry.record[1], geometry.record[0]
    if picture.size == size:
        return picture
    if resize == "crop":
        return picture.resize(size, Image.Resampling.BILINEAR, box=geometry.shown, reducing_gap=3.0)
    left, top, right, bottom = geometry.inner
    padded = Image.new(picture.mode, size)
    padded.paste(picture.resize((right - left, bottom - top), Image.Resampling.BILINEAR, reducing_gap=3.0), (left, top))
    return padded


def decode_mask(mask: Pixels, geometry: Geometry) -> Array:
    """Return a mask of an image as a mask of its record; where the record shows nothing stands 255.

    Args:
        mask: a palette or grey image whose values are class indices, as a file, encoded, or ``(height, width)``, uint8;
            or what makes one.
        geometry: how the image was fitted.

    Raises:
        BadImage: if it is none, is damaged, or is not of the image's size.
    """
    values = mask if isinstance(mask, np.ndarray) else _mask_values(mask)
    if values.ndim != 2 or values.dtype != np.uint8:
        raise BadImage(f"its mask has the shape {values.shape} and type {values.dtype}, not (height, width) and uint8")
    if values.shape != geometry.source and values.shape == geometry.source[::-1] and geometry.orientation in _UPRIGHT:
        # Drawn over the pixels as they are stored, not as they are shown.
        values = np.asarray(Image.fromarray(values).transpose(_UPRIGHT[geometry.orientation]))
    if values.shape != geometry.source:
        sizes = [f"{width}×{height}" for height, width in (values.shape, geometry.source)]
        raise BadImage(f"its mask has {sizes[0]} pixels, the image {sizes[1]}")
    return geometry.mask(values, IGNORED)


IGNORED = 255
"""The value of a mask's pixels that belong to no class and count nowhere."""


def _mask_values(mask: Path | bytes | ImageSource) -> Array:
    try:
        if isinstance(mask, ImageSource):
            return np.asarray(mask.decode(None, "stretch"))
        with _quietly(), Image.open(io.BytesIO(mask if isinstance(mask, bytes) else _read(mask))) as picture:
            if max(picture.size) > MAX_SIDE or picture.width * picture.height > MAX_PIXELS:
                raise BadImage(f"its mask has absurd dimensions ({picture.width}×{picture.height})")
            return mask_values(picture)
    except BadImage:
        raise
    except Exception as error:
        raise BadImage(f"its mask cannot be read: {error}") from error


def mask_values(picture: Image.Image) -> Array:
    """Return the class indices of a palette or grey mask ``(height, width)``, uint8.

    Raises:
        BadImage: if it is a colour image, or has values above 255.
    """
    if picture.mode == "1":
        return np.asarray(picture).astype(np.uint8)
    values = np.asarray(picture)
    if values.ndim != 2:
        raise BadImage(f"its mask is a colour image ({picture.mode}), not a palette or grey one")
    if values.size and not 0 <= values.min() <= values.max() <= 255:
        raise BadImage(f"its mask has values from {values.min():g} to {values.max():g}; classes are 0 to 254")
    return values.astype(np.uint8)
