"""ArcFace."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent, tunable

if TYPE_CHECKING:
    import keras


class ArcFace(LossComponent):
    """Softmax over identities with a margin on the angle (Deng et al., 2019, arXiv:1801.07698)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"face_recognition"})

    scale: float = tunable(
        16.0,
        low=8.0,
        high=64.0,
        log=True,
        gt=0,
        description="scale of the cosines; the paper's 64 suits many identities",
    )
    margin: float = tunable(0.3, low=0.1, high=0.5, ge=0, lt=1.57, description="margin added to the angle, in radians")

    def build(self, info: DataInfo) -> keras.Layer:
        """Return the layer with one center for each identity; it takes labels and unit embeddings."""
        from automap_losses.margins import MarginSoftmax

        return MarginSoftmax(self.scale, angle=self.margin)
