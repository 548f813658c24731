"""What the encoders of texts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from automap import ColumnInput, TextInput

if TYPE_CHECKING:
    import keras

Encode = Callable[["keras.KerasTensor", TextInput], "keras.KerasTensor"]


def each_text(
    inputs: Mapping[str, keras.KerasTensor], infos: Mapping[str, ColumnInput], encode: Encode
) -> keras.KerasTensor:
    """Encode every text by itself and return a token ``(batch, texts, width)`` for each.

    Args:
        inputs: indices of words ``(batch, length)`` by name.
        infos: describes the texts.
        encode: returns ``(batch, width)`` for one text.
    """
    from keras import layers

    found = [encode(inputs[name], each) for name, each in infos.items() if isinstance(each, TextInput)]
    tokens = [layers.Reshape((1, each.shape[-1]))(each) for each in found]
    return tokens[0] if len(tokens) == 1 else layers.Concatenate(axis=1)(tokens)


def is_word(words: keras.KerasTensor) -> keras.KerasTensor:
    """Return 1 for words and 0 for padding, ``(batch, length, 1)``, float32."""
    from keras import ops

    return ops.expand_dims(ops.cast(ops.greater(words, 0), "float32"), -1)
