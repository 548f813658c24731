"""Augmentations: random changes of training batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.component import Component

if TYPE_CHECKING:
    import keras

    from automap.interfaces.array import Array

PLACED = frozenset({"segmentation_masks", "bounding_boxes", "target_images"})
"""Entries of a training batch that are tied to positions in the image."""


class Augmentation(Component, ABC):
    """A random change of training images together with their targets."""

    group: ClassVar[str] = "automap.augmentations"
    serves: ClassVar[frozenset[str]] = frozenset()
    """The entries of `PLACED` that still match the image afterwards.

    A change of colours alone serves ``segmentation_masks`` and ``bounding_boxes`` by leaving them unchanged, and cannot
    serve ``target_images``. A task with other such entries refuses the augmentation.
    """
    mixes: ClassVar[bool] = False
    """Whether it blends images and their ``labels`` in the same proportions; only for tasks that are `Task.mixable`."""

    @abstractmethod
    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers to apply in order to each training batch.

        Each layer maps a dict to a dict with the same keys and shapes: ``images`` ``(batch, height, width,
        channels)``, float32, 0 to 255, and the targets of the task: ``labels`` ``(batch, classes)``, one-hot or
        soft; ``segmentation_masks`` ``(batch, height, width, 1)``, class indices, 255 for none;
        ``bounding_boxes``; ``target_images`` ``(batch, scale · height, scale · width, channels)``. Layers
        are called with ``training=True``.
        """

    def views(self) -> Mapping[str, Callable[[Array], Array]] | None:
        """Return the few fixed changes that can stand for this augmentation where features are cached, by name.

        Each maps images ``(batch, height, width, channels)`` to images of the same shape and type; the unchanged images
        always come with them. None, the default, means that no few changes can: a candidate with this augmentation
        never trains on cached features.
        """
        return None
