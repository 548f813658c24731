"""Dice and cross-entropy, or Tversky and focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class DiceCrossEntropy(LossComponent):
    """The sum of cross-entropy and Dice loss: one for each pixel, one for the shape as a whole.

    With `gamma` the former is a focal loss, with `missed` the latter a Tversky loss.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})

    dice: float = Field(1.0, ge=0, description="weight of the Dice loss; that of the cross-entropy is 1")
    gamma: float = Field(0.0, ge=0, description="focusing parameter of the cross-entropy")
    missed: float = Field(0.5, gt=0, lt=1, description="weight of false negatives; false positives get the rest")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of masks ``(batch, height, width, 1)`` and logits of each pixel."""
        from automap_losses.pixels import PixelLoss

        return PixelLoss(entropy=1.0, overlap=self.dice, gamma=self.gamma, alpha=1 - self.missed, beta=self.missed)
