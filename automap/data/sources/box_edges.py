"""Checking the edges of boxes from annotation files of any format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom; right and bottom exclusive."""

Box = TypeVar("Box", bound=tuple[Any, ...])

TOLERANCE = 1.0
"""Pixels by which rounding may put a box beyond the image."""


def checked_edges(left: float, top: float, right: float, bottom: float, size: tuple[int, int] | None = None) -> Edges:
    """Return the edges of a box in pixels.

    Args:
        left: in pixels.
        top: in pixels.
        right: in pixels, exclusive.
        bottom: in pixels, exclusive.
        size: height and width of the image; None if they are not known.

    Raises:
        ValueError: if the box has no area, has edges that are not finite, lies outside the image, or seems to be
            measured in shares of the image.
    """
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError("its box has an edge that is not a finite number")
    if right < left or bottom < top:
        raise ValueError("its box has a negative width or height")
    if right == left or bottom == top:
        raise ValueError("its box has no area")
    if left >= 0 and top >= 0 and right <= 1 and bottom <= 1:
        raise ValueError("its box lies within the first pixel: its numbers are shares of the image, not pixels")
    if right <= 0 or bottom <= 0 or (size is not None and (left >= size[1] or top >= size[0])):
        raise ValueError("its box lies outside the image")
    return left, top, right, bottom


def reaches_beyond(edges: Edges, size: tuple[int, int] | None) -> bool:
    """Return whether a box reaches beyond the image by more than rounding explains.

    Args:
        edges: of the box.
        size: height and width of the image; None if they are not known.
    """
    if min(edges[:2]) < -TOLERANCE:
        return True
    return size is not None and (edges[2] > size[1] + TOLERANCE or edges[3] > size[0] + TOLERANCE)


def distinct(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes without exact duplicates, in their order."""
    return list(dict.fromkeys(boxes))


DUPLICATE = "images with duplicate boxes, each used once"
"""The notice of a box that is listed twice."""
BEYOND = "images with boxes that reach beyond the edge, where they are cut"
"""The notice of such a box."""
