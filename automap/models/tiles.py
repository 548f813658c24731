"""Images of any size through a network of one size: tile by tile, at their own resolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from automap.interfaces.array import Array

MARGIN = 8
"""Share of a tile, one in so many, at each inner edge that is left to the neighbour, which sees more around it."""


def by_tiles(run: Callable[[Array], Array], image: Array, size: tuple[int, int]) -> Array:
    """Return what a network makes of an image.

    Args:
        run: maps tiles ``(tiles, height, width, channels)`` to outputs whose sides are a multiple of that.
        image: ``(height, width, channels)``.
        size: height and width of a tile.

    Returns:
        The outputs put together, of the image's size times that multiple.
    """
    height, width, _ = image.shape
    lacking = [max(0, side - have) for side, have in zip(size, (height, width), strict=True)]
    whole = np.pad(
        image, ((0, lacking[0]), (0, lacking[1]), (0, 0)), mode="symmetric" if min(image.shape[:2]) else "edge"
    )
    rows, columns = (_starts(have, side) for have, side in zip(whole.shape[:2], size, strict=True))
    tiles = np.stack([whole[y : y + size[0], x : x + size[1]] for y in rows for x in columns])
    outputs = iter(run(tiles))
    joined: Array | None = None
    for y in rows:
        for x in columns:
            output = next(outputs)
            scale = output.shape[0] // size[0]
            if joined is None:
                joined = np.empty((whole.shape[0] * scale, whole.shape[1] * scale, output.shape[2]), output.dtype)
            # What is written later covers the margin of what lies above and to the left; these keep their own middle.
            top, left = (margin * scale for margin in (_margin(y, size[0]), _margin(x, size[1])))
            joined[y * scale + top : (y + size[0]) * scale, x * scale + left : (x + size[1]) * scale] = output[
                top:, left:
            ]
    assert joined is not None
    scale = joined.shape[0] // whole.shape[0]
    return joined[: height * scale, : width * scale]


def _margin(start: int, side: int) -> int:
    return side // MARGIN if start else 0


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles begin, so that neighbours share twice their margin and the last ends with the image."""
    step = side - 2 * (side // MARGIN)
    return sorted({*range(0, max(1, length - side), step), length - side})
