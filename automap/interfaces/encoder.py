"""Encoders: networks for inputs beside the image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from automap.interfaces.component import Component
from automap.interfaces.data_info import ColumnInput

if TYPE_CHECKING:
    import keras

EncoderKind = Literal["table", "text"]

COLUMN_KINDS: Mapping[EncoderKind, frozenset[str]] = {
    "table": frozenset({"number", "category"}),
    "text": frozenset({"text"}),
}
"""The kinds of column that each kind of encoder reads."""


class Encoder(Component, ABC):
    """A network that turns columns of a table into tokens for the fusion with the image."""

    group: ClassVar[str] = "automap.encoders"
    reads: ClassVar[EncoderKind]
    """``table`` for numbers and categories, ``text`` for texts."""

    @abstractmethod
    def build(
        self, inputs: Mapping[str, keras.KerasTensor], infos: Mapping[str, ColumnInput], width: int
    ) -> keras.KerasTensor:
        """Build the encoder and return its tokens ``(batch, tokens, width)``, one or more.

        Args:
            inputs: the columns by name. A number is ``(batch, 2)``, float32: its value, standardised by the training
                split, and 1; both are 0 if it is missing. A category is ``(batch, 1)``, int32: its index, 0 if it is
                missing, 1 if the training split does not have it. A text is ``(batch, length)``, int32: the indices
                of its words, 0 for padding, 1 for unknown words.
            infos: describes the columns, by name.
            width: size of a token.
        """
