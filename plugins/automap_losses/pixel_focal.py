"""Focal loss of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class PixelFocal(LossComponent):
    """Focal loss of the class of each pixel (Lin et al., 2017, arXiv:1708.02002)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})

    gamma: float = Field(2.0, ge=0, description="focusing parameter; 0 is cross-entropy")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of masks ``(batch, height, width, 1)`` and logits of each pixel."""
        from automap_losses.pixels import PixelLoss

        return PixelLoss(entropy=1.0, overlap=0.0, gamma=self.gamma)
