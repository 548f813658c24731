"""How an image is fitted into its record, for images and the targets in them alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from automap.interfaces.array import Array

Resize = Literal["pad", "crop", "stretch"]
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom; right and bottom exclusive."""


class Geometry(NamedTuple):
    """How an image was fitted into a record."""

    source: tuple[int, int]
    """Height and width of the image, upright."""
    record: tuple[int, int]
    """Height and width of the record."""
    shown: Rectangle
    """The part of the image that is in the record, in pixels of the image."""
    inner: tuple[int, int, int, int]
    """The part of the record that the image fills, in pixels of the record."""
    orientation: int = 1
    """EXIF orientation of the stored image."""

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the record for each pixel of the image, down and across."""
        down = (self.inner[3] - self.inner[1]) / (self.shown[3] - self.shown[1])
        across = (self.inner[2] - self.inner[0]) / (self.shown[2] - self.shown[0])
        return down, across

    @property
    def tells_turn(self) -> bool:
        """Whether EXIF turns the image by a quarter, which its height and width tell."""
        return self.orientation >= 5 and self.source[0] != self.source[1]

    def scaled_to(self, source: tuple[int, int], record: tuple[int, int]) -> Geometry:
        """Return the same geometry for an image and a record of other sizes, each a multiple of these.

        Args:
            source: height and width of the other image.
            record: height and width of the other record.
        """
        down, across = source[0] / self.source[0], source[1] / self.source[1]
        left, top, right, bottom = self.shown
        shown = (left * across, top * down, right * across, bottom * down)
        multiple = record[0] // self.record[0]
        x, y, x_end, y_end = (edge * multiple for edge in self.inner)
        return Geometry(source, record, shown, (x, y, x_end, y_end))

    def box(self, box: Sequence[float]) -> Rectangle:
        """Return a box of the image, left, top, right, bottom, in pixels of the record, clipped to the record."""
        down, across = self.scale
        left, right = (self.inner[0] + (x - self.shown[0]) * across for x in (box[0], box[2]))
        top, bottom = (self.inner[1] + (y - self.shown[1]) * down for y in (box[1], box[3]))
        least_x, least_y, most_x, most_y = self.inner
        return (
            min(max(left, least_x), most_x),
            min(max(top, least_y), most_y),
            min(max(right, least_x), most_x),
            min(max(bottom, least_y), most_y),
        )

    def visible(self, box: Sequence[float]) -> float:
        """Return the fraction of a box of the image that is in the record, 0 to 1."""
        area = (box[2] - box[0]) * (box[3] - box[1])
        across = min(box[2], self.shown[2]) - max(box[0], self.shown[0])
        down = min(box[3], self.shown[3]) - max(box[1], self.shown[1])
        return max(0.0, across) * max(0.0, down) / area if area > 0 else 0.0

    def box_in_image(self, box: Sequence[float]) -> Rectangle:
        """Return a box of the record in pixels of the image, clipped to the image."""
        down, across = self.scale
        height, width = self.source
        left, right = (self.shown[0] + (x - self.inner[0]) / across for x in (box[0], box[2]))
        top, bottom = (self.shown[1] + (y - self.inner[1]) / down for y in (box[1], box[3]))
        return (
            min(max(left, 0.0), width),
            min(max(top, 0.0), height),
            min(max(right, 0.0), width),
            min(max(bottom, 0.0), height),
        )

    def mask(self, mask: Array, fill: int) -> Array:
        """Return a mask of the image ``(height, width)``, uint8, as a mask of the record, by nearest neighbour.

        Args:
            mask: of the upright image.
            fill: the value outside of the image.
        """
        left, top, right, bottom = self.inner
        fitted = np.full(self.record, fill, np.uint8)
        picture = Image.fromarray(np.ascontiguousarray(mask))
        size = right - left, bottom - top
        resized = picture.resize(size, Image.Resampling.NEAREST, box=self.shown)
        fitted[top:bottom, left:right] = np.asarray(resized)
        return fitted

    def in_image(self, picture: Image.Image, resampling: Image.Resampling, fill: Any = 0) -> Image.Image:
        """Return a picture of the record, or a multiple of it, in the coordinates of the image.

        Args:
            picture: of the size of the record or a multiple of it.
            resampling: how it is resized.
            fill: the value outside of the image.
        """
        multiple = picture.width / self.record[1]
        x, y, x_end, y_end = (round(edge * multiple) for edge in self.inner)
        inner = picture.crop((x, y, x_end, y_end))
        left, top, right, bottom = (round(edge * multiple) for edge in self.shown)
        whole = Image.new(picture.mode, (round(self.source[1] * multiple), round(self.source[0] * multiple)), fill)
        whole.paste(inner.resize((max(1, right - left), max(1, bottom - top)), resampling), (left, top))
        return whole


def fit(size: tuple[int, int], record: tuple[int, int], resize: Resize) -> Geometry:
    """Return how an image is fitted into a record.

    Args:
        size: height and width of the image.
        record: height and width of the record.
        resize: ``pad`` keeps all of the image, ``crop`` fills the record, ``stretch`` changes the proportions.
    """
    height, width = size
    scale = scale_of((width, height), (record[1], record[0]), resize)
    if resize == "crop":
        across, down = min(width, record[1] / scale), min(height, record[0] / scale)
        left, top = (width - across) / 2, (height - down) / 2
        return Geometry(size, record, (left, top, left + across, top + down), (0, 0, record[1], record[0]))
    inner = record[1], record[0]
    if resize == "pad":
        inner = max(1, min(inner[0], round(width * scale))), max(1, min(inner[1], round(height * scale)))
    left, top = (record[1] - inner[0]) // 2, (record[0] - inner[1]) // 2
    return Geometry(size, record, (0, 0, width, height), (left, top, left + inner[0], top + inner[1]))


def scale_of(size: tuple[int, int], record: tuple[int, int], resize: Resize) -> float:
    """Return the scale factor of a picture; for ``stretch``, the larger of the two.

    Args:
        size: width and height of the picture.
        record: width and height of the record.
        resize: how it is fitted.
    """
    both = record[0] / size[0], record[1] / size[1]
    return min(both) if resize == "pad" else max(both)
