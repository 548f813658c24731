"""CosFace."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent, tunable

if TYPE_CHECKING:
    import keras


class CosFace(LossComponent):
    """Softmax over identities with a margin on the cosine (Wang et al., 2018, arXiv:1801.09414)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"face_recognition"})

    scale: float = tunable(
        16.0,
        low=8.0,
        high=64.0,
        log=True,
        gt=0,
        description="scale of the cosines; the paper's 64 suits many identities",
    )
    margin: float = tunable(0.2, low=0.1, high=0.4, ge=0, lt=2, description="margin subtracted from the cosine")

    def build(self, info: DataInfo) -> keras.Layer:
        """Return the layer with one center for each identity; it takes labels and unit embeddings."""
        from automap_losses.margins import MarginSoftmax

        return MarginSoftmax(self.scale, cosine=self.margin)
