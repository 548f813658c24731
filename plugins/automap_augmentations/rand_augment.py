"""RandAugment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class RandAugment(Augmentation):
    """Several random changes of one strength (Cubuk et al., 2019, arXiv:1909.13719)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"strength"})

    operations: int = tunable(2, low=1, high=3, ge=1, le=10, description="operations applied to each image")
    strength: Fraction = tunable(0.3, low=0.1, high=0.8, description="strength of each operation; 1 is the paper's 30")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        from automap_augmentations.operations import RandomOperations

        return [RandomOperations(self.operations, self.strength, self.strength)]
