"""Answers of enhancement."""

from __future__ import annotations

from typing import Self

import numpy as np

from automap.interfaces.answer import PixelAnswer, Placement, Row


class EnhancementAnswer(PixelAnswer):
    """The enhanced image, in `pixels`."""

    height: int
    width: int

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row: height and width in pixels."""
        return [{"height": self.height, "width": self.width}]

    def in_image(self, placement: Placement) -> Self:
        """Return the enhanced image in the original's proportions."""
        from PIL import Image

        pixels = np.asarray(placement.in_image(self.picture(), Image.Resampling.BICUBIC))
        return self.model_copy(update={"pixels": pixels, "height": pixels.shape[0], "width": pixels.shape[1]})
