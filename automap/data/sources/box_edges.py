"""The edges of a box, as files of any format give them."""

from __future__ import annotations

import math

Edges = tuple[float, float, float, float]


def checked_edges(left: float, top: float, right: float, bottom: float) -> Edges:
    """Return the edges of a box; one without area may be there, and is dropped when its image is decoded.

    Raises:
        ValueError: if an edge is no finite number, or the box ends before it begins.
    """
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError("an edge of its box is no finite number")
    if right < left or bottom < top:
        raise ValueError("its box ends before it begins: its width or height is negative")
    return left, top, right, bottom
