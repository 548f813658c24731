"""From a file, an encoded image or values to a record of fixed shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Lock
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from automap.data.decode.errors import BadImage
from automap.data.decode.files import UPRIGHT, Pixels, orientation_of, quietly, read_file
from automap.data.decode.geometry import Geometry, Resize, fit, scale_of
from automap.data.decode.raw import RawImage, open_image
from automap.data.decode.values import record_of, widened
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.sample import FileSource, ImageSource

LARGE_PIXELS = 2**25
"""Images of more pixels are decoded one at a time, whatever the number of processes."""
REDUCING_GAP = 3.0
"""Pillow reduces by whole factors first, as long as this many times the final size is left for its filter."""
_STRIP_PIXELS = 2**22
"""Pixels that are converted at a time."""

_TRANSPARENT = frozenset({"PA", "LA", "La", "RGBA", "RGBa"})
_turn: Lock | None = None


class Placed(NamedTuple):
    """A decoded record."""

    pixels: Array
    """``(height, width, channels)``, uint8 or uint16."""
    geometry: Geometry
    """How the image was fitted into it."""
    clipped: int = 0
    """Values outside of the data set's value range."""


def take_turns(lock: Lock) -> None:
    """Decode large images only while holding a lock that several processes share."""
    global _turn
    _turn = lock


def decode(image: Pixels, shape: tuple[int, int, int], resize: Resize) -> Array:
    """Return an image as an 8-bit record; see `decode_record`.

    Args:
        image: the image.
        shape: height, width and channels of the record.
        resize: how images of another shape are resized.
    """
    return decode_record(image, ImageInfo(shape=shape, resize=resize)).pixels


def decode_record(image: Pixels, info: ImageInfo, like: Geometry | None = None) -> Placed:
    """Return an image as a record.

    Transparent images are composited on white, the EXIF orientation is applied, and animations are reduced to their
    first frame.
    An image of 1 channel fits a record of 3 and the other way round; other numbers of channels must agree.

    Args:
        image: a file, an encoded image, values ``(height, width[, channels])`` or an `ImageSource`.
        info: shape and bit depth of the record, how images are fitted, and the value range.
        like: how another image was fitted into its record, a multiple of this record; this image is fitted like it.

    Raises:
        BadImage: if it cannot be decoded, or not within `files.DECODE_BYTES` of memory.
    """
    try:
        with quietly():
            if isinstance(image, ImageSource):
                return _made(image, info)
            opened = open_image(read_file(image) if isinstance(image, Path) else _not_empty(image))
            size = (opened.shape[0], opened.shape[1]) if isinstance(opened, RawImage) else (opened.height, opened.width)
            with _turn_of(*size):
                return _of_raw(opened, info, like) if isinstance(opened, RawImage) else _of_picture(opened, info, like)
    except (BadImage, MemoryError):
        raise
    except UnidentifiedImageError:
        raise BadImage("not an image") from None
    except Exception as error:
        # Readers raise arbitrary errors on damaged files (struct.error, RuntimeError, KeyError, …), and one file must
        # not end the reading of a million.
        raise BadImage("truncated" if "truncated" in str(error).lower() else "damaged") from error


def _not_empty(image: bytes | Array) -> bytes | Array:
    if isinstance(image, bytes) and not image:
        raise BadImage("zero bytes")
    return image


@contextmanager
def _turn_of(height: int, width: int) -> Iterator[None]:
    if _turn is None or height * width <= LARGE_PIXELS:
        yield
        return
    with _turn:
        yield


def _made(image: ImageSource, info: ImageInfo) -> Placed:
    if info.source_range is not None and isinstance(image, FileSource):
        image = image.with_range(info.source_range)
    pixels = np.asarray(image.decode(info.shape, info.resize)).reshape(info.shape)
    size = info.shape[:2]
    return Placed(pixels if pixels.dtype == info.dtype else widened(pixels, info), fit(size, size, info.resize))


def _of_raw(raw: RawImage, info: ImageInfo, like: Geometry | None) -> Placed:
    height, width, _ = raw.shape
    size = (width, height) if raw.orientation >= 5 else (height, width)
    applied = fit(size, info.shape[:2], info.resize) if like is None else like.scaled_to(size, info.shape[:2])
    pixels, clipped = record_of(raw, info, applied)
    return Placed(pixels, applied._replace(orientation=raw.orientation), clipped)


def _of_picture(picture: Image.Image, info: ImageInfo, like: Geometry | None) -> Placed:
    if info.shape[2] not in {1, 3, 4}:
        raise BadImage("wrong number of channels", f"{len(picture.getbands())} instead of {info.shape[2]}")
    upright, size, orientation = _load(picture, info.shape, info.resize)
    opened = upright.height, upright.width
    applied = fit(opened, info.shape[:2], info.resize) if like is None else like.scaled_to(opened, info.shape[:2])
    pixels = np.asarray(_fit(upright, info.shape[2], applied, info.resize)).reshape(info.shape)
    return Placed(widened(pixels, info), _of_source(applied, size, orientation))


def _of_source(applied: Geometry, size: tuple[int, int], orientation: int) -> Geometry:
    """Undo the reduction with which a file was opened."""
    down, across = size[0] / applied.source[0], size[1] / applied.source[1]
    left, top, right, bottom = applied.shown
    shown = (left * across, top * down, right * across, bottom * down)
    return applied._replace(source=size, shown=shown, orientation=orientation)


def _load(
    picture: Image.Image, shape: tuple[int, int, int], resize: Resize
) -> tuple[Image.Image, tuple[int, int], int]:
    """Return a picture upright, its height and width before any reduction, and the orientation that it had."""
    width, height = picture.size
    orientation = orientation_of(picture)
    upright = (width, height) if orientation >= 5 else (height, width)
    # JPEG can be decoded at a half, a quarter or an eighth, several times as fast; never below twice the record.
    scale = 2 * scale_of((upright[1], upright[0]), (shape[1], shape[0]), resize)
    picture.draft(None, (int(width * scale) + 1, int(height * scale) + 1))
    picture.load()
    return (picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture), upright, orientation


def _to_mode(picture: Image.Image, channels: int) -> Image.Image:
    if channels == 4:
        if picture.mode not in _TRANSPARENT and "transparency" not in picture.info:
            raise BadImage("wrong number of channels", f"{len(picture.getbands())} instead of 4")
        return picture.convert("RGBA")
    if picture.mode in _TRANSPARENT or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _fit(picture: Image.Image, channels: int, geometry: Geometry, resize: Resize) -> Image.Image:
    """Resize with Pillow's bilinear filter, which widens with the reduction and so does not alias."""
    size = geometry.record[1], geometry.record[0]
    if picture.size == size:
        return _to_mode(picture, channels)
    if resize == "crop":
        left, top, right, bottom = geometry.shown
        reduced, (across, down) = _reduced(picture, channels, (right - left, bottom - top), size)
        box = (left / across, top / down, min(right / across, reduced.width), min(bottom / down, reduced.height))
        return reduced.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=REDUCING_GAP)
    left, top, right, bottom = geometry.inner
    inner = right - left, bottom - top
    reduced, (across, down) = _reduced(picture, channels, picture.size, inner)
    box = (0, 0, picture.width / across, picture.height / down)
    fitted = reduced.resize(inner, Image.Resampling.BILINEAR, box=box, reducing_gap=REDUCING_GAP)
    padded = Image.new(reduced.mode, size)
    padded.paste(fitted, (left, top))
    return padded


def _reduced(
    picture: Image.Image, channels: int, shown: tuple[float, float], size: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    """Convert a picture, and reduce a large one by whole factors, strip by strip.

    Pillow would convert all of it before it reduces it, which takes several times its memory. The result is the same.

    Args:
        picture: in its own mode.
        channels: of the record.
        shown: width and height of what is shown of it.
        size: width and height that this will have in the record.

    Returns:
        The picture and the factors, across and down; 1 of a small one, which is only converted.
    """
    across, down = (max(1, int(have / want / REDUCING_GAP)) for have, want in zip(shown, size, strict=True))
    if picture.width * picture.height <= _STRIP_PIXELS or (across, down) == (1, 1):
        return _to_mode(picture, channels), (1, 1)
    rows = max(1, _STRIP_PIXELS // (picture.width * down)) * down
    strips = []
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        strips.append(_to_mode(strip, channels).reduce((across, down)))
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for index, strip in enumerate(strips):
        whole.paste(strip, (0, index * rows // down))
    return whole, (across, down)
