"""Colour jitter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class ColorJitter(Augmentation):
    """Changes brightness, contrast, saturation and hue; the latter two of colour images only."""

    recommended: ClassVar[bool] = False

    brightness: Fraction = tunable(0.2, low=0.0, high=0.5)
    contrast: Fraction = tunable(0.2, low=0.0, high=0.5)
    saturation: Fraction = 0.2
    hue: Fraction = Field(0.05, le=0.5)

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.layers import ColorOnly

        every = [keras.layers.RandomBrightness(self.brightness), keras.layers.RandomContrast(self.contrast)]
        saturation = (max(0.0, 0.5 - self.saturation / 2), min(1.0, 0.5 + self.saturation / 2))
        colour = [keras.layers.RandomSaturation(saturation), keras.layers.RandomHue(self.hue)]
        return [*every, *(ColorOnly(layer) for layer in colour)]
