"""The head of tasks that predict something about the whole image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap.interfaces.architecture import Features

if TYPE_CHECKING:
    import keras


def pooled_logits(features: Features, units: int, dropout: float) -> keras.KerasTensor:
    """Average the coarsest features over the image and return ``(batch, units)`` linear outputs, float32.

    Args:
        features: feature maps of a backbone by stride.
        units: number of outputs.
        dropout: dropout rate of the averaged features.
    """
    from keras import layers

    pooled = layers.GlobalAveragePooling2D(name="head_pool")(features[max(features)])
    if dropout:
        pooled = layers.Dropout(dropout, name="head_dropout")(pooled)
    # The logits are float32 under any precision: a softmax of bfloat16 loses small probabilities.
    return layers.Dense(units, dtype="float32", name="logits")(pooled)
