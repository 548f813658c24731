"""Size, channels and type of an image, without decoding its pixels."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from automap.data.decode.files import Pixels, orientation_of, quietly
from automap.data.decode.raw import RawImage, open_image
from automap.interfaces.sample import FileSource, ImageSource

GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
"""Pillow's modes with one channel, transparency not counted."""


class Header(NamedTuple):
    """What is known of an image before it is decoded."""

    height: int
    width: int
    channels: int
    """Without transparency."""
    dtype: str
    """NumPy's name of the type of its values."""


def read_header(image: Pixels) -> Header | None:
    """Return the header of an image, upright; None if it is damaged, in which case decoding says why."""
    try:
        with quietly():
            return _header(image)
    except Exception:
        # Readers raise whatever they like on damaged files.
        return None


def image_header(image: Pixels) -> tuple[int, int, int] | None:
    """Return height, width and channels of an image, upright; None if it is damaged."""
    header = read_header(image)
    return None if header is None else header[:3]


def _header(image: Pixels) -> Header | None:
    if isinstance(image, ImageSource):
        size = image.header()
        return None if size is None else Header(*size, _type_of_source(image))
    opened = open_image(image)
    if isinstance(opened, RawImage):
        return _of_raw(opened)
    with opened:
        return _of_picture(opened)


def _type_of_source(image: ImageSource) -> str:
    if not isinstance(image, FileSource):
        return "uint8"
    header = read_header(image.file)
    return "uint8" if header is None else header.dtype


def _of_raw(raw: RawImage) -> Header:
    height, width, channels = raw.shape
    if raw.orientation >= 5:
        height, width = width, height
    return Header(height, width, channels - raw.has_alpha, raw.dtype)


def _of_picture(picture: Image.Image) -> Header:
    width, height = picture.size
    if orientation_of(picture) >= 5:
        width, height = height, width
    return Header(height, width, 1 if picture.mode in GREY else 3, "uint8")
