"""ArcFace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap import DataInfo, tunable
from automap_losses.margin_loss import MarginLoss

if TYPE_CHECKING:
    import keras


class ArcFace(MarginLoss):
    """Softmax over identities with a margin on the angle (Deng et al., 2019, arXiv:1801.07698)."""

    margin: float = tunable(0.3, low=0.1, high=0.5, ge=0, lt=1.57, description="margin added to the angle, in radians")

    def build(self, info: DataInfo) -> keras.Layer:
        """Return the layer with one center for each identity; it takes labels and unit embeddings."""
        from automap_losses.margins import MarginSoftmax

        return MarginSoftmax(self.scale, angle=self.margin)
