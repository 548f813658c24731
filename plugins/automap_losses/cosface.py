"""CosFace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap import DataInfo, tunable
from automap_losses.margin_loss import MarginLoss

if TYPE_CHECKING:
    import keras


class CosFace(MarginLoss):
    """Softmax over identities with a margin on the cosine (Wang et al., 2018, arXiv:1801.09414)."""

    margin: float = tunable(0.2, low=0.1, high=0.4, ge=0, lt=2, description="margin subtracted from the cosine")

    def build(self, info: DataInfo) -> keras.Layer:
        """Return the layer with one center for each identity; it takes labels and unit embeddings."""
        from automap_losses.margins import MarginSoftmax

        return MarginSoftmax(self.scale, cosine=self.margin)
