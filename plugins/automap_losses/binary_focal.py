"""Binary focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent
from automap_losses.weights import PositiveWeight, positive_weights

if TYPE_CHECKING:
    import keras


class BinaryFocal(LossComponent):
    """Focal loss of each label (Lin et al., 2017, arXiv:1708.02002)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"multi_label"})

    gamma: float = Field(2.0, ge=0, description="focusing parameter; 0 is binary cross-entropy")
    positive_weight: PositiveWeight = Field(
        1.0, description="weight of positive labels; balanced: the ratio of images without the label to images with it"
    )

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of labels ``(batch, labels)``, 0 to 1, and logits of the same shape."""
        from automap_losses.binary import WeightedBinaryCrossEntropy

        return WeightedBinaryCrossEntropy(positive_weights(self.positive_weight, info), self.gamma, "binary_focal")
