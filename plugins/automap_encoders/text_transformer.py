"""Texts: a small transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from automap import ColumnInput, Encoder, TextInput, tunable
from automap_encoders.words import each_text, is_word

if TYPE_CHECKING:
    import keras


class TextTransformer(Encoder):
    """A transformer over word embeddings, then the mean over the words (Vaswani et al., 2017, arXiv:1706.03762)."""

    reads: ClassVar = "text"

    depth: int = tunable(1, low=1, high=3, ge=1, le=24, description="number of blocks")
    heads: int = Field(4, ge=1, le=64, description="attention heads of a block")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout rate of the word embeddings")

    def build(
        self, inputs: Mapping[str, keras.KerasTensor], infos: Mapping[str, ColumnInput], width: int
    ) -> keras.KerasTensor:
        """Build the encoder and return ``(batch, texts, width)``."""
        return each_text(inputs, infos, lambda words, info: self._encode(words, info, width))

    def _encode(self, words: keras.KerasTensor, info: TextInput, width: int) -> keras.KerasTensor:
        from keras import layers, ops

        present = is_word(words)
        position = ops.cumsum(ops.ones_like(words), axis=1)
        x = layers.Embedding(len(info.vocabulary) + 2, width)(words)
        x = layers.Add()([x, layers.Embedding(info.length + 1, width)(position)])
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        # The first position is always seen: an empty text has no other, and attention to nothing is not defined.
        seen = ops.expand_dims(ops.logical_or(ops.greater(words, 0), ops.equal(position, 1)), 1)
        for _ in range(self.depth):
            x = self._block(x, seen, width)
        total = ops.sum(layers.Multiply()([layers.LayerNormalization()(x), present]), axis=1)
        mean = ops.divide(total, ops.maximum(ops.sum(present, axis=1), 1.0))
        return layers.Dense(width)(mean)

    def _block(self, x: Any, seen: Any, width: int) -> Any:
        from keras import layers

        attention = layers.MultiHeadAttention(self.heads, max(1, width // self.heads))
        normed = layers.LayerNormalization()(x)
        x = layers.Add()([x, attention(normed, normed, attention_mask=seen)])
        hidden = layers.Dense(2 * width, activation="silu")(layers.LayerNormalization()(x))
        return layers.Add()([x, layers.Dense(width)(hidden)])
