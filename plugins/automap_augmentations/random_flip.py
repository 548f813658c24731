"""Random flips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from automap import Augmentation

if TYPE_CHECKING:
    import keras


class RandomFlip(Augmentation):
    """Mirrors half of the images."""

    recommended: ClassVar[bool] = False
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes", "target_images"})

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal"

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.moving import Moving

        return [Moving(keras.layers.RandomFlip(self.mode))]

    def views(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return the mirror images."""
        mirrored: dict[str, Callable[[Any], Any]] = {
            "horizontal": lambda images: images[:, :, ::-1],
            "vertical": lambda images: images[:, ::-1],
            "horizontal_and_vertical": lambda images: images[:, ::-1, ::-1],
        }
        return mirrored if self.mode == "horizontal_and_vertical" else {self.mode: mirrored[self.mode]}
