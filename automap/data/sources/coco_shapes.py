"""COCO's polygons and run-length encodings, plain and compressed, as pixels.

The format: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from automap.interfaces.array import Array

FINER = 5
"""Supersampling factor of polygons."""
LARGE = 2_000_000
"""Pixels of a polygon's box above which it is drawn without supersampling."""


def shape_mask(segmentation: Any, height: int, width: int) -> Array:
    """Return which pixels a shape covers, ``(height, width)`` bool.

    Args:
        segmentation: a list of polygons ``[x, y, x, y, …]``, or a mapping with ``size`` and ``counts``: a list of run
            lengths, or COCO's compressed text.
        height: of the image.
        width: of the image.

    Raises:
        ValueError: if it is neither, or does not fit the image; the text says why.
    """
    if isinstance(segmentation, Mapping):
        return _of_runs(segmentation, height, width)
    if not isinstance(segmentation, Sequence) or isinstance(segmentation, str):
        raise ValueError("its segmentation is neither polygons nor run lengths")
    return _of_polygons(segmentation, height, width)


def _of_polygons(polygons: Sequence[Any], height: int, width: int) -> Array:
    covered = np.zeros((height, width), bool)
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise ValueError(f"a polygon has {len(polygon)} numbers; expected an even number, 6 or more")
        points = np.array(polygon, float).reshape(-1, 2)
        left, top = (max(0, math.floor(edge)) for edge in points.min(axis=0))
        right, bottom = (
            min(side, math.ceil(edge)) for side, edge in zip((width, height), points.max(axis=0), strict=True)
        )
        if points.min() >= 0 and points.max() <= 1:
            raise ValueError("a polygon lies within the first pixel: its numbers are shares of the image, not pixels")
        if left >= right or top >= bottom:
            raise ValueError("a polygon lies outside the image or has no area")
        covered[top:bottom, left:right] |= _drawn(points - (left, top), bottom - top, right - left)
    return covered


def _drawn(points: Array, height: int, width: int) -> Array:
    """Return the pixels whose center is in a polygon."""
    # Pillow draws every pixel that an edge touches: at five times the size that is a tenth of a pixel.
    factor = FINER if height * width <= LARGE else 1
    canvas = Image.new("1", (width * factor, height * factor))
    # COCO's pixels have their centre at a half, Pillow's at a whole number.
    ImageDraw.Draw(canvas).polygon([tuple(point) for point in (points * factor - 0.5).tolist()], fill=1)
    return np.asarray(canvas)[factor // 2 :: factor, factor // 2 :: factor]


def _of_runs(segmentation: Mapping[str, Any], height: int, width: int) -> Array:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if list(size or ()) != [height, width]:
        raise ValueError(f"its run lengths are of an image of {size}, not [{height}, {width}]")
    if isinstance(counts, str | bytes):
        counts = decompressed(counts)
    if not isinstance(counts, Sequence) or sum(counts) != height * width or min(counts, default=0) < 0:
        raise ValueError(f"its run lengths do not add up to {height}×{width} pixels")
    # Runs go down the columns, and begin with pixels that are not covered.
    covered = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return np.asarray(covered.reshape(width, height).T)


def decompressed(text: str | bytes) -> list[int]:
    """Return the run lengths that COCO's compressed text holds.

    Each number is written in groups of five bits, the lowest first; a sixth bit says whether another group follows.
    From the third number on, it is the difference to the last but one.

    Raises:
        ValueError: if the text ends within a number or has other characters.
    """
    codes = iter(text.encode("ascii", "replace") if isinstance(text, str) else text)
    counts: list[int] = []
    for first in codes:
        value = _number(first, codes)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts


def _number(first: int, codes: Iterable[int]) -> int:
    value = shift = 0
    code, rest = first, iter(codes)
    while True:
        bits = code - 48
        if not 0 <= bits < 64:
            raise ValueError(f"its run lengths have the character {chr(code)!r}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            return value - (1 << shift) if bits & 16 else value
        following = next(rest, None)
        if following is None:
            raise ValueError("its run lengths end within a number")
        code = following
