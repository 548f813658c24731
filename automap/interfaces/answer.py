"""Answers: the typed predictions of tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from PIL import Image

Cell = str | int | float | bool
Row = dict[str, Cell]
"""A row of a table: values by column, in the order of the columns."""


class Placement(Protocol):
    """How an image was fitted into its record."""

    def box_in_image(self, box: Sequence[float]) -> tuple[float, float, float, float]:
        """Map a box (left, top, right, bottom) from pixels of the record to pixels of the image."""

    def in_image(self, picture: Image.Image, resampling: Image.Resampling, fill: Any = 0) -> Image.Image:
        """Map an image of the record to the original image; `fill` is used for parts that the record does not cover."""


class Answer(BaseModel, ABC):
    """A model's prediction for one image (or for two that are compared).

    Each task has its own subclass. ``model_dump(mode="json")`` gives plain data with numbers at full precision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @abstractmethod
    def rows(self, top: int = 1) -> list[Row]:
        """Return the rows of a table that show the answer; an empty row if there is nothing to show.

        Args:
            top: number of alternatives to include where the answer ranks some, for instance classes.
        """

    def in_image(self, placement: Placement) -> Self:
        """Return the answer in coordinates of the original image instead of the record.

        Answers about the image as a whole are the same in both.
        """
        return self


class PixelAnswer(Answer):
    """An answer that is an image or a mask of the record's size or a multiple of it."""

    pixels: np.ndarray[Any, Any] = Field(exclude=True, repr=False)
    """uint8 or uint16 pixels ``(height, width)`` or ``(height, width, channels)``; left out of JSON."""

    def picture(self) -> Image.Image:
        """Return the pixels as a Pillow image; 16-bit colour, which Pillow lacks, is reduced to 8 bits."""
        from PIL import Image

        pixels = self.pixels[..., 0] if self.pixels.ndim == 3 and self.pixels.shape[-1] == 1 else self.pixels
        if pixels.dtype == np.uint16 and pixels.ndim == 3:
            pixels = (pixels >> 8).astype(np.uint8)
        return Image.fromarray(pixels)


A = TypeVar("A", bound=Answer)


class Drawing(ABC, Generic[A]):
    """Draws a task's answers on images."""

    @abstractmethod
    def draw(self, image: Image.Image, answer: A) -> Image.Image:
        """Return a new image that shows the answer.

        Args:
            image: the original image, upright, in mode RGB.
            answer: in coordinates of that image (`Answer.in_image`).
        """
