"""Cross-entropy of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class PixelCrossEntropy(LossComponent):
    """Cross-entropy of the class of each pixel."""

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of masks ``(batch, height, width, 1)`` and logits of each pixel."""
        from automap_losses.pixels import PixelLoss

        return PixelLoss(entropy=1.0, overlap=0.0)
