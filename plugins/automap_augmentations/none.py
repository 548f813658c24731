"""No augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automap import Augmentation

if TYPE_CHECKING:
    import keras


class NoAugmentation(Augmentation):
    """Leaves images as they are; a choice beside others."""

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        return []
