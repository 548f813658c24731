"""Binary cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent
from automap_losses.weights import PositiveWeight, positive_weights

if TYPE_CHECKING:
    import keras


class BinaryCrossEntropy(LossComponent):
    """Binary cross-entropy of each label, with weights for rare labels."""

    tasks: ClassVar[frozenset[str]] = frozenset({"multi_label"})

    positive_weight: PositiveWeight = Field(
        1.0, description="weight of positive labels; balanced: the ratio of images without the label to images with it"
    )

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of labels ``(batch, labels)``, 0 to 1, and logits of the same shape."""
        from automap_losses.binary import WeightedBinaryCrossEntropy

        return WeightedBinaryCrossEntropy(positive_weights(self.positive_weight, info), name="binary_cross_entropy")
