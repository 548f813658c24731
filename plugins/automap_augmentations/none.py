"""No augmentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from automap import Augmentation

if TYPE_CHECKING:
    import keras


class NoAugmentation(Augmentation):
    """No augmentation; an option among choices."""

    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes", "target_images"})

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        return []

    def views(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return no change: the images as they are."""
        return {}
