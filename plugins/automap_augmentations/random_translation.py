"""Random translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class RandomTranslation(Augmentation):
    """Shifts each image."""

    adjustable: ClassVar[frozenset[str]] = frozenset({"height", "width"})
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes"})

    height: Fraction = tunable(0.1, low=0.0, high=0.2, description="largest shift, as a fraction of the height")
    width: Fraction = tunable(0.1, low=0.0, high=0.2, description="largest shift, as a fraction of the width")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.moving import Moving

        layer = keras.layers.RandomTranslation(self.height, self.width, fill_mode="nearest")
        return [Moving(layer, "height_lower", "height_upper", "width_lower", "width_upper")]
