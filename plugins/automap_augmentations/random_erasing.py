"""Random erasing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class RandomErasing(Augmentation):
    """Fills a random rectangle (2 to 33% of the image area) with grey (Zhong et al., 2017, arXiv:1708.04896)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"probability"})
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes"})

    probability: Fraction = tunable(0.25, low=0.0, high=0.5, description="fraction of the images that are changed")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.layers import InPlace

        share = (self.probability, self.probability)
        return [InPlace(keras.layers.RandomErasing(factor=share, fill_value=127.0), "factor")]
