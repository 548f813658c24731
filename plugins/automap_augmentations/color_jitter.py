"""Colour jitter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import Augmentation, Fraction, tunable

if TYPE_CHECKING:
    import keras


class ColorJitter(Augmentation):
    """Changes brightness and contrast, and saturation and hue of colour images."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"brightness", "contrast", "hue", "saturation"})
    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks", "bounding_boxes"})

    brightness: Fraction = tunable(0.2, low=0.0, high=0.5, description="largest shift, as a fraction of the full range")
    contrast: Fraction = tunable(0.2, low=0.0, high=0.5, description="largest deviation of the factor from 1")
    saturation: Fraction = Field(0.2, description="largest deviation of the factor from 1")
    hue: Fraction = Field(0.05, le=0.5, description="largest hue shift, as a fraction of the colour circle")

    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers."""
        import keras

        from automap_augmentations.layers import InPlace

        # A single number would only ever raise the contrast; Keras takes each end's distance from 1.
        contrast = keras.layers.RandomContrast((self.contrast, self.contrast))
        # Keras multiplies by f / (1 - f), and draws half of what is called factor here as the turn.
        factors = [factor / (1 + factor) for factor in (1 - self.saturation, 1 + self.saturation)]
        colour = [keras.layers.RandomSaturation(factors), keras.layers.RandomHue(2 * self.hue)]
        both = [keras.layers.RandomBrightness(self.brightness), contrast]
        return [
            *(InPlace(layer, "factor") for layer in both),
            *(InPlace(layer, "factor", colour=True) for layer in colour),
        ]
