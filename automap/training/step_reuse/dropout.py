"""Dropout whose rate is read from a variable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import ops


class AdjustedDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout with its rate in a variable, so that one compiled step serves every rate above zero.

    Args:
        layer: its noise shape and precision are used.
        rate: returns the rate, a tensor. It is not a weight of this layer, so that networks with either layer have
            the same weights.
    """

    def __init__(self, layer: keras.layers.Dropout, rate: Callable[[], Any]) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self._rate = rate
        self.noise_shape = layer.noise_shape
        self.generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs; while training, some are set to zero and the others scaled up to keep the mean."""
        if not training:
            return inputs
        shape = ops.shape(inputs)
        noise = self.noise_shape or (None,) * len(shape)
        drawn = keras.random.uniform(
            [size if fixed is None else fixed for size, fixed in zip(shape, noise, strict=True)], seed=self.generator
        )
        rate = self._rate()
        scale = ops.where(drawn < rate, 0.0, 1.0 / (1.0 - rate))
        return inputs * ops.cast(scale, inputs.dtype)


def with_adjusted_dropout(network: keras.Model) -> tuple[keras.Model, tuple[keras.Variable, ...]]:
    """Return a network that shares another's weights and all of its layers but dropout, and the dropout rates.

    Args:
        network: a functional model. Dropout inside layers that are not models stays as it is.
    """
    rates: list[keras.Variable] = []

    def adjusted(layer: keras.layers.Layer) -> keras.layers.Layer:
        if not _is_dropout(layer):
            return layer
        rates.append(keras.Variable(layer.rate, trainable=False, dtype="float32", name="dropout_rate"))
        return AdjustedDropout(layer, partial(ops.convert_to_tensor, rates[-1]))

    if not any(map(_is_dropout, network._flatten_layers())):
        return network, ()
    return keras.models.clone_model(network, clone_function=adjusted, recursive=True), tuple(rates)


def _is_dropout(layer: keras.layers.Layer) -> bool:
    return type(layer) is keras.layers.Dropout and layer.rate > 0
