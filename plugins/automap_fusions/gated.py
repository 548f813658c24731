"""Gated fusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from automap import Fusion
from automap_fusions.tokens import means, over_map

if TYPE_CHECKING:
    import keras


class Gated(Fusion):
    """Gates that all inputs compute together weigh each of them (Arevalo et al., 2017, arXiv:1702.01992)."""

    def build(self, image: keras.KerasTensor, tokens: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """Build the fusion and return ``(batch, height, width, 2 * width)``."""
        from keras import layers

        size = 2 * self.width
        vectors = means(tokens, flat=True)
        pooled = layers.LayerNormalization()(layers.GlobalAveragePooling2D()(image))
        joined = layers.Concatenate()([pooled, *vectors])
        gates = [layers.Dense(size, activation="sigmoid")(joined) for _ in (image, *vectors)]
        projected = layers.Conv2D(size, 1)(layers.LayerNormalization()(image))
        seen = layers.Multiply()([projected, layers.Reshape((1, 1, size))(gates[0])])
        others = [
            layers.Multiply()([layers.Dense(size, activation="tanh")(each), gate])
            for each, gate in zip(vectors, gates[1:], strict=True)
        ]
        return layers.Add()([seen, *(over_map(each, image) for each in others)])
