"""Random rotation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, tunable

if TYPE_CHECKING:
    import keras


class RandomRotation(Augmentation):
    """Turns each image about its centre."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"degrees"})
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes"})

    degrees: float = tunable(10.0, low=0.0, high=30.0, ge=0, le=180, description="largest rotation in either direction")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.moving import Moving

        return [Moving(keras.layers.RandomRotation(self.degrees / 360, fill_mode="nearest"), "factor")]
