"""Dice and cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class DiceCrossEntropy(LossComponent):
    """The sum of cross-entropy and Dice loss: one for each pixel, one for the shape as a whole."""

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})

    dice: float = Field(1.0, ge=0, description="weight of the Dice loss; that of the cross-entropy is 1")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of masks ``(batch, height, width, 1)`` and logits of each pixel."""
        from automap_losses.pixels import PixelLoss

        return PixelLoss(entropy=1.0, overlap=self.dice)
