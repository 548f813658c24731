"""Random zoom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class RandomZoom(Augmentation):
    """Zooms into and out of each image."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"amount"})
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes"})

    amount: Fraction = tunable(0.1, low=0.0, high=0.3, description="largest change of scale in either direction")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.moving import Moving

        layer = keras.layers.RandomZoom((-self.amount, self.amount), fill_mode="nearest")
        return [Moving(layer, "height_lower", "height_upper")]
