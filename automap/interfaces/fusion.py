"""Fusions: how other inputs change what the network sees in the image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap.interfaces.component import Component, tunable

if TYPE_CHECKING:
    import keras


class Fusion(Component, ABC):
    """Combines the coarsest feature map of a backbone with the tokens of other inputs.

    The result is a feature map again, so that every architecture and every head can be used with several inputs.
    """

    group: ClassVar[str] = "automap.fusions"
    adjustable: ClassVar[frozenset[str]] = frozenset({"input_dropout", "image_dropout"})

    width: int = tunable(64, choices=(32, 64, 128), ge=4, le=4096, description="size of a token of the other inputs")
    input_dropout: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="probability with which a training step treats an input as missing, unless the feature sets keep",
    )
    image_dropout: float = Field(0.05, ge=0, lt=1, description="the same probability for the first image")

    @abstractmethod
    def build(self, image: keras.KerasTensor, tokens: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """Build the fusion and return a feature map ``(batch, height, width, channels)`` of any number of channels.

        Args:
            image: the coarsest feature map ``(batch, height, width, channels)``.
            tokens: of the other inputs, ``(batch, tokens, width)``, by encoder (``table``, ``text``) or name of a
                further image; at least one.
        """
