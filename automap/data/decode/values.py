"""From values of any type and number of channels to pixels of a record."""

from __future__ import annotations

import numpy as np
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.files import turned
from automap.data.decode.geometry import Geometry
from automap.data.decode.raw import RawImage
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R 601-2), as Pillow has them."""
_STRIP_VALUES = 2**22
"""Values that are converted to floats at a time."""


def range_of(dtype: np.dtype[np.generic], info: ImageInfo) -> tuple[float, float]:
    """Return the values of a type that are stored as 0 and as the largest pixel value.

    8-bit images always use their whole range, so that photographs can be mixed with other images. Other types use the
    range of the data set, where it has one, and 16 bits otherwise span theirs.

    Raises:
        BadImage: for floats and wider integers, if the data set has no range: it is never guessed from one image.
    """
    if dtype == np.uint8:
        return 0.0, 255.0
    if dtype == np.bool_:
        return 0.0, 1.0
    if info.source_range is not None:
        return info.source_range
    if dtype == np.uint16:
        return 0.0, 65535.0
    raise BadImage(
        f"pixels of type {dtype}, but the value range is unknown",
        "give dataset.value_range, the values to store as black and as white",
    )


def record_of(raw: RawImage, info: ImageInfo, fitted: Geometry) -> tuple[Array, int]:
    """Return an image's values as a record.

    Args:
        raw: the image.
        info: what the record is like.
        fitted: how the upright image is fitted into it.

    Returns:
        Pixels ``(height, width, channels)``, and how many values were outside of the range and were clipped.

    Raises:
        BadImage: if the channels do not fit, the range is unknown, or values are not finite.
    """
    values = turned(raw.load(), raw.orientation)
    if raw.has_alpha and info.shape[2] != values.shape[2]:
        values = _on_white(values)
    low, high = range_of(values.dtype, info)
    if _is_stored(values, info, (low, high)):
        return np.ascontiguousarray(values), 0
    planes, clipped = [], 0
    for channel in range(values.shape[2]):
        plane, outside = _fitted_plane(values[..., channel], (low, high), info.max_value, fitted)
        planes.append(plane)
        clipped += outside
    return _pixels(_with_channels(planes, info.shape[2]), info), clipped


def widened(pixels: Array, info: ImageInfo) -> Array:
    """Return 8-bit pixels as those of a record: of 16 bits, 255 is the largest value too."""
    return pixels if info.bit_depth == 8 else pixels.astype(np.uint16) * np.uint16(257)


def _is_stored(values: Array, info: ImageInfo, values_range: tuple[float, float]) -> bool:
    return values.shape == info.shape and values.dtype == info.dtype and values_range == (0.0, float(info.max_value))


def _on_white(values: Array) -> Array:
    """Lay colours with transparency, 0 to the largest value of the type or 1, on white."""
    most = np.float32(np.iinfo(values.dtype).max if values.dtype.kind in "ui" else 1)
    laid = np.empty((*values.shape[:2], values.shape[2] - 1), values.dtype)
    rows = max(1, _STRIP_VALUES // values[0].size)
    for top in range(0, len(values), rows):
        strip = values[top : top + rows].astype(np.float32)
        alpha = strip[..., -1:] / most
        mixed = strip[..., :-1] * alpha + most * (1 - alpha)
        laid[top : top + rows] = mixed.round() if values.dtype.kind in "ui" else mixed
    return laid


def _fitted_plane(
    plane: Array, values_range: tuple[float, float], max_value: int, fitted: Geometry
) -> tuple[Array, int]:
    """Scale one channel to 0 to `max_value` and fit it into the record; count the values that were clipped."""
    left, top, right, bottom = fitted.shown
    width, height = fitted.inner[2] - fitted.inner[0], fitted.inner[3] - fitted.inner[1]
    # As Pillow does for its own images: first by whole factors, which is cheap, then by its filter.
    by = max(1, int((bottom - top) / height / 3)), max(1, int((right - left) / width / 3))
    reduced, clipped = _reduced(plane, values_range, max_value, by)
    box = (left / by[1], top / by[0], min(right / by[1], reduced.shape[1]), min(bottom / by[0], reduced.shape[0]))
    inner = reduced
    if (height, width) != reduced.shape or box != (0, 0, width, height):
        picture = Image.fromarray(reduced).resize((width, height), Image.Resampling.BILINEAR, box=box)
        inner = np.asarray(picture)
    whole = np.zeros(fitted.record, np.float32)
    whole[fitted.inner[1] : fitted.inner[3], fitted.inner[0] : fitted.inner[2]] = inner
    return whole, clipped


def _reduced(plane: Array, values_range: tuple[float, float], max_value: int, by: tuple[int, int]) -> tuple[Array, int]:
    """Return the means of blocks of a plane, scaled to 0 to `max_value`, strip by strip."""
    low, high = values_range
    height, width = plane.shape
    down, across = by
    found = np.empty((-(-height // down), -(-width // across)), np.float32)
    rows = max(1, _STRIP_VALUES // (width * down)) * down
    clipped = 0
    for top in range(0, height, rows):
        strip = plane[top : top + rows].astype(np.float64)
        if not np.isfinite(strip).all():
            raise BadImage("pixels are not finite", "NaN or infinity")
        clipped += int(np.count_nonzero((strip < low) | (strip > high)))
        strip = (np.clip(strip, low, high) - low) * (max_value / (high - low))
        found[top // down : -(-(top + len(strip)) // down)] = _block_means(strip, down, across)
    return found, clipped


def _block_means(values: Array, down: int, across: int) -> Array:
    if (down, across) == (1, 1):
        return values
    rows, columns = np.arange(0, values.shape[0], down), np.arange(0, values.shape[1], across)
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    heights = np.diff([*rows, values.shape[0]])
    widths = np.diff([*columns, values.shape[1]])
    return np.asarray(sums / np.outer(heights, widths))


def _with_channels(planes: list[Array], channels: int) -> Array:
    if len(planes) == channels:
        return np.stack(planes, axis=-1)
    if len(planes) == 1:
        return np.stack(planes * channels, axis=-1)
    if len(planes) == 3 and channels == 1:
        return np.asarray(sum(weight * plane for weight, plane in zip(LUMA, planes, strict=True)))[..., np.newaxis]
    raise BadImage("wrong number of channels", f"{len(planes)} instead of {channels}")


def _pixels(values: Array, info: ImageInfo) -> Array:
    return np.asarray(values.round().astype(info.dtype))


def as_display(pixels: Array, info: ImageInfo) -> Array:
    """Return pixels of a record, or of an image decoded like one, as an 8-bit colour image for people to look at.

    Args:
        pixels: ``(height, width, channels)``; of more than three channels the first three are shown, of two the first.
        info: says which values are black and white.

    Returns:
        ``(height, width, 3)``, uint8.
    """
    low, high = info.display_range or (0, info.max_value)
    shown = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    if shown.dtype == np.uint8 and (low, high) == (0, 255):
        return np.ascontiguousarray(shown)
    scaled = (shown.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.asarray(np.clip(scaled, 0, 255).round().astype(np.uint8))
