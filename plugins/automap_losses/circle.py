"""Circle loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent, tunable

if TYPE_CHECKING:
    import keras


class Circle(LossComponent):
    """Circle loss over the pairs of a batch (Sun et al., 2020, arXiv:2002.10857)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"face_recognition"})
    mixable: ClassVar[bool] = False

    gamma: float = tunable(64.0, low=16.0, high=256.0, log=True, gt=0, description="scale of the similarities")
    margin: float = tunable(0.25, low=0.1, high=0.4, ge=0, lt=1, description="relaxation of the margins")
    images_per_identity: int = Field(4, ge=2, description="images of each identity in a batch")

    @property
    def images_per_class(self) -> int:
        """Number of images of each class in a batch."""
        return self.images_per_identity

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of labels and unit embeddings."""
        from automap_losses.pairs import CircleOfUnits

        return CircleOfUnits(self.gamma, self.margin)
