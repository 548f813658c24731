"""Answers of segmentation."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from automap.interfaces.answer import PixelAnswer, Placement, Row
from automap.interfaces.array import Array
from automap.tasks.segmentation.metrics import IGNORED


class ClassShare(BaseModel):
    """A class and its share of an image's pixels, 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    share: float


class SegmentationAnswer(PixelAnswer):
    """The class of each pixel: `pixels` holds class indices, 255 where the model saw nothing of the image."""

    classes: tuple[ClassShare, ...]
    """All classes, the largest share first."""
    names: tuple[str, ...] = Field(exclude=True, repr=False)
    """Class names in the order of the indices."""

    @classmethod
    def of_mask(cls, mask: Array, names: tuple[str, ...]) -> Self:
        """Return the answer for a mask of class indices ``(height, width)``, uint8."""
        counts = np.bincount(mask[mask != IGNORED], minlength=len(names))
        shares = counts / max(1, counts.sum())
        order = np.argsort(-counts, kind="stable")
        classes = tuple(ClassShare(label=names[index], share=float(shares[index])) for index in order)
        return cls(pixels=mask, classes=classes, names=names)

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row: the share of each class, in the order of the classes."""
        shares = {each.label: each.share for each in self.classes}
        return [{name: shares[name] for name in self.names}]

    def in_image(self, placement: Placement) -> Self:
        """Return the mask of the whole image, with the shares of its pixels."""
        from PIL import Image

        mask = placement.in_image(self.picture(), Image.Resampling.NEAREST, IGNORED)
        return self.of_mask(np.asarray(mask), self.names)
