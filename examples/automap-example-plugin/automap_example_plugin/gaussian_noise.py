"""Gaussian noise, as a sensor adds it in poor light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automap import Augmentation, tunable

if TYPE_CHECKING:
    import keras


class GaussianNoise(Augmentation):
    """Adds Gaussian noise to the pixels, its strength drawn for each image."""

    # Only specs that name it use it; without this line, a spec without augmentation would search over it.
    recommended = False

    strength: float = tunable(
        10.0, low=1.0, high=30.0, log=True, ge=0, le=255, description="largest standard deviation, of 255"
    )

    def build(self) -> Sequence[keras.Layer]:
        """Return the layer that adds the noise."""
        from automap_example_plugin.layers import NoiseLayer

        return [NoiseLayer(self.strength)]
