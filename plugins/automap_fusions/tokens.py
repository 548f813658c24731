"""What the fusions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def means(tokens: Mapping[str, keras.KerasTensor], flat: bool = False) -> list[keras.KerasTensor]:
    """Return one vector for each encoder, by averaging its tokens, or by concatenating them.

    Args:
        tokens: ``(batch, tokens, width)`` by encoder.
        flat: whether to concatenate up to `MOST_FLAT` tokens.
    """
    from keras import layers

    return [
        layers.Flatten()(each) if flat and each.shape[1] <= MOST_FLAT else layers.GlobalAveragePooling1D()(each)
        for each in tokens.values()
    ]


MOST_FLAT = 64
"""More tokens, such as those of a further image's feature map, are averaged."""


def over_map(vector: keras.KerasTensor, image: keras.KerasTensor) -> keras.KerasTensor:
    """Return a vector ``(batch, channels)`` at every position of a feature map."""
    from keras import layers

    height, width = image.shape[1:3]
    return layers.UpSampling2D((height, width))(layers.Reshape((1, 1, vector.shape[-1]))(vector))
