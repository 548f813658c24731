"""Fusion by cross-attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from automap import Fusion, tunable

if TYPE_CHECKING:
    import keras


class CrossAttention(Fusion):
    """Each position of the image attends to the tokens of the other inputs (Vaswani et al., 2017, arXiv:1706.03762)."""

    depth: int = tunable(1, low=1, high=2, ge=1, le=12, description="number of blocks")
    heads: int = Field(4, ge=1, le=64, description="attention heads of a block")

    def build(self, image: keras.KerasTensor, tokens: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """Build the fusion and return ``(batch, height, width, 2 * width)``."""
        from keras import layers

        size, (height, width) = 2 * self.width, image.shape[1:3]
        x = layers.Dense(size)(layers.LayerNormalization()(layers.Reshape((height * width, image.shape[-1]))(image)))
        parts = [layers.Dense(size)(each) for each in tokens.values()]
        others = layers.LayerNormalization()(layers.Concatenate(axis=1)(parts) if len(parts) > 1 else parts[0])
        for _ in range(self.depth):
            attention = layers.MultiHeadAttention(self.heads, max(1, size // self.heads))
            x = layers.Add()([x, attention(layers.LayerNormalization()(x), others)])
            hidden = layers.Dense(2 * size, activation="silu")(layers.LayerNormalization()(x))
            x = layers.Add()([x, layers.Dense(size)(hidden)])
        return layers.Reshape((height, width, size))(x)
