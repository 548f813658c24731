"""Fusion by concatenation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from automap import Fusion, tunable
from automap_fusions.tokens import means, over_map

if TYPE_CHECKING:
    import keras


class Concatenation(Fusion):
    """A hidden layer on the concatenation of all inputs; its output joins the feature map as further channels."""

    hidden: int = tunable(128, choices=(64, 128, 256), ge=1, le=65536, description="units of the hidden layer")

    def build(self, image: keras.KerasTensor, tokens: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """Build the fusion and return ``(batch, height, width, channels + hidden)``."""
        from keras import layers

        pooled = layers.LayerNormalization()(layers.GlobalAveragePooling2D()(image))
        joined = layers.Concatenate()([pooled, *means(tokens, flat=True)])
        hidden = layers.Dense(self.hidden, activation="silu")(joined)
        return layers.Concatenate()([image, over_map(hidden, image)])
