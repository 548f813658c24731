"""Random crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, tunable

if TYPE_CHECKING:
    import keras


class RandomCrop(Augmentation):
    """Pads each image and crops it to its original size at a random position."""

    recommended: ClassVar[bool] = False
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes", "target_images"})

    padding: int = tunable(4, low=1, high=8, ge=1, description="pixels added on each side")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        from automap_augmentations.layers import PadAndCrop

        return [PadAndCrop(self.padding)]
