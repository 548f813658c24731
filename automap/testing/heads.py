"""A tiny backbone, for checks of tasks and losses."""

from __future__ import annotations

from typing import Any

from keras import layers

from automap.interfaces.architecture import Features


def features_of(image: Any) -> Features:
    """Return feature maps of the strides 1, 2, 4 and 8 of an image in pixel values."""
    x = layers.Rescaling(1 / 128, -1)(image)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    features: Features = {1: x}
    for stride in (2, 4, 8):
        x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
        features[stride] = x
    return features
