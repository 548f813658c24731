"""Placing the boxes of an annotation file on the upright image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from automap.data.decode.errors import BadImage
from automap.data.decode.geometry import Geometry, Rectangle
from automap.interfaces.sample import Boxes


class PlacedBox(NamedTuple):
    """A box over the upright image, cut at its edges."""

    name: str
    box: Rectangle
    ignored: Literal["", "object", "crowd"]
    """Whether it is ignored in training and evaluation: a difficult object, or a region around many."""


def upright_boxes(target: Sequence[tuple[Any, ...]], geometry: Geometry) -> Iterator[PlacedBox]:
    """Yield the boxes of an image, upright and cut at its edges.

    Args:
        target: boxes as `Sample.target` has them, or `Boxes`.
        geometry: of the image.

    Raises:
        BadImage: if the annotations state another size than the image has, or a box lies outside the image.
    """
    turned = _is_turned(target.size, geometry) if isinstance(target, Boxes) else False
    height, width = geometry.source
    for name, *numbers in target:
        box = _turned(numbers[:4], geometry) if turned else numbers[:4]
        left, right = (min(max(float(x), 0.0), width) for x in (box[0], box[2]))
        top, bottom = (min(max(float(y), 0.0), height) for y in (box[1], box[3]))
        if left >= right or top >= bottom:
            raise BadImage("a box lies outside the image or has no area", str(name))
        yield PlacedBox(str(name), (left, top, right, bottom), _ignored(numbers[4:]))


def _ignored(stated: Sequence[Any]) -> Literal["", "object", "crowd"]:
    if not any(stated):
        return ""
    return "crowd" if stated[0] == "crowd" else "object"


def _is_turned(stated: tuple[int, int] | None, geometry: Geometry) -> bool:
    """Return whether boxes were drawn over the pixels as they are stored, not as EXIF turns them."""
    if stated is None or stated == geometry.source:
        return False
    if geometry.orientation >= 5 and stated == geometry.source[::-1]:
        return True
    sizes = [f"{width}×{height}" for height, width in (stated, geometry.source)]
    raise BadImage("its annotations state another size", f"{sizes[0]} pixels, the image has {sizes[1]}")


def may_be_turned(target: Sequence[tuple[Any, ...]], geometry: Geometry) -> bool:
    """Return whether boxes may be over the stored pixels of an image that EXIF turns, and no size tells.

    A stated size tells of a quarter turn, unless the image is a square; never of a half turn or a mirrored image.

    Args:
        target: as in `upright_boxes`.
        geometry: of the image.
    """
    size_tells = geometry.tells_turn and isinstance(target, Boxes) and target.size is not None
    return bool(target) and geometry.orientation != 1 and not size_tells


def _turned(box: Sequence[float], geometry: Geometry) -> Rectangle:
    """Turn a box over the stored pixels as EXIF turns the image by a quarter, mirrored or not."""
    height, width = geometry.source[1], geometry.source[0]  # Of the stored image.
    left, top, right, bottom = box
    match geometry.orientation:
        case 5:
            return top, left, bottom, right
        case 6:
            return height - bottom, left, height - top, right
        case 7:
            return height - bottom, width - right, height - top, width - left
        case _:
            return top, width - right, bottom, width - left
