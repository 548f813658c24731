"""Texts: a small convolutional network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import ColumnInput, Encoder, TextInput, tunable
from automap_encoders.words import each_text, is_word

if TYPE_CHECKING:
    import keras


class TextConvolution(Encoder):
    """A convolution over word embeddings, then the maximum over the text (Kim, 2014, arXiv:1408.5882)."""

    reads: ClassVar = "text"

    kernel: int = tunable(3, choices=(1, 3, 5), ge=1, le=31, description="words that a filter sees")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout rate of the word embeddings")

    def build(
        self, inputs: Mapping[str, keras.KerasTensor], infos: Mapping[str, ColumnInput], width: int
    ) -> keras.KerasTensor:
        """Build the encoder and return ``(batch, texts, width)``."""
        return each_text(inputs, infos, lambda words, info: self._encode(words, info, width))

    def _encode(self, words: keras.KerasTensor, info: TextInput, width: int) -> keras.KerasTensor:
        from keras import layers

        present = is_word(words)
        x = layers.Embedding(len(info.vocabulary) + 2, width)(words)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        x = layers.Multiply()([x, present])
        x = layers.Conv1D(width, self.kernel, padding="same", activation="relu")(x)
        # Filters are 0 or more, and padding is 0: it never is the maximum unless the text is empty.
        x = layers.GlobalMaxPooling1D()(layers.Multiply()([x, present]))
        return layers.Dense(width)(x)
