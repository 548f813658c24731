"""Tversky loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class Tversky(LossComponent):
    """Dice with separate weights for false negatives and positives (Salehi et al., 2017, arXiv:1706.05721)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})

    missed: float = Field(0.7, gt=0, lt=1, description="weight of false negatives; false positives get the rest")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of masks ``(batch, height, width, 1)`` and logits of each pixel."""
        from automap_losses.pixels import PixelLoss

        return PixelLoss(entropy=0.0, overlap=1.0, alpha=1 - self.missed, beta=self.missed)
