"""Numbers and categories: a token for each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import CategoryInput, ColumnInput, Encoder, NumberInput

if TYPE_CHECKING:
    import keras


class Columns(Encoder):
    """A token for each column: an embedding of a category, a small perceptron of a standardised number."""

    reads: ClassVar = "table"

    dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate of the tokens")

    def build(
        self, inputs: Mapping[str, keras.KerasTensor], infos: Mapping[str, ColumnInput], width: int
    ) -> keras.KerasTensor:
        """Build the encoder and return ``(batch, columns, width)``."""
        from keras import layers

        numbers = [inputs[name] for name, each in infos.items() if isinstance(each, NumberInput)]
        tokens = [_of_numbers(numbers, width)] if numbers else []
        tokens += [
            layers.Embedding(len(each.categories) + 2, width)(inputs[name])
            for name, each in infos.items()
            if isinstance(each, CategoryInput)
        ]
        found = tokens[0] if len(tokens) == 1 else layers.Concatenate(axis=1)(tokens)
        return layers.Dropout(self.dropout)(found) if self.dropout else found


def _of_numbers(numbers: list[keras.KerasTensor], width: int) -> keras.KerasTensor:
    """Return a token for each number; the layers of all of them are computed together."""
    from keras import layers

    # A number that is missing is (0, 0): the bias alone remains, which is its learned embedding.
    x = layers.Concatenate()(numbers) if len(numbers) > 1 else numbers[0]
    x = layers.Reshape((len(numbers), 2))(x)
    x = layers.EinsumDense("bni,nio->bno", (len(numbers), width), bias_axes="no", activation="silu")(x)
    return layers.EinsumDense("bni,nio->bno", (len(numbers), width), bias_axes="no")(x)
