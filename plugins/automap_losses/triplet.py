"""Triplet loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent, tunable

if TYPE_CHECKING:
    import keras


class Triplet(LossComponent):
    """Triplet loss of the hardest pairs in a batch (Hermans et al., 2017, arXiv:1703.07737)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"face_recognition"})
    mixable: ClassVar[bool] = False

    margin: float = tunable(
        0.3,
        low=0.1,
        high=0.5,
        ge=0,
        lt=2,
        description="margin between the distances of unit vectors; 0 for the soft margin",
    )
    images_per_identity: int = Field(4, ge=2, description="images of each identity in a batch")

    @property
    def images_per_class(self) -> int:
        """Number of images of each class in a batch."""
        return self.images_per_identity

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of labels and unit embeddings."""
        from automap_losses.pairs import BatchHardTriplet

        return BatchHardTriplet(self.margin)
