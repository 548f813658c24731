"""AugMix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class AugMix(Augmentation):
    """Mixes several chains of augmentations (Hendrycks et al., 2019, arXiv:1912.02781)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"strength"})

    strength: Fraction = tunable(0.3, low=0.1, high=0.5, description="maximum strength of an operation")
    chains: int = Field(3, ge=1, le=10)
    depth: int = Field(3, ge=1, le=10, description="maximum number of operations in a chain")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        from automap_augmentations.operations import MixedChains

        return [MixedChains(self.chains, self.depth, self.strength)]
