"""MixUp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from automap import Augmentation, tunable

if TYPE_CHECKING:
    import keras


class MixUp(Augmentation):
    """Blends pairs of images and their labels (Zhang et al., 2017, arXiv:1710.09412)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"alpha"})
    mixes: ClassVar[bool] = True

    alpha: float = tunable(
        0.2,
        low=0.05,
        high=1.0,
        log=True,
        gt=0,
        description="both parameters of the Beta distribution of the mixing factor",
    )

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.adjusted import Adjusted

        return [Adjusted(keras.layers.MixUp(alpha=self.alpha), "alpha")]
