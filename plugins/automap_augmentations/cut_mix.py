"""CutMix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, tunable

if TYPE_CHECKING:
    import keras


class CutMix(Augmentation):
    """Pastes a part of one image into another and mixes labels (Yun et al., 2019, arXiv:1905.04899)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"alpha"})
    mixes: ClassVar[bool] = True

    alpha: float = tunable(
        1.0, low=0.2, high=1.0, gt=0, le=1, description="both parameters of the Beta distribution of the mixing factor"
    )

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        from automap_augmentations.layers import ExactCutMix

        return [ExactCutMix(self.alpha)]
