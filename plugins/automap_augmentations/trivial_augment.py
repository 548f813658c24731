"""TrivialAugment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation

if TYPE_CHECKING:
    import keras


class TrivialAugment(Augmentation):
    """One random operation of random strength, without hyperparameters (Müller & Hutter, 2021, arXiv:2103.10158)."""

    recommended: ClassVar[bool] = False

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        from automap_augmentations.operations import RandomOperations

        return [RandomOperations(1, 0.0, 1.0)]
