"""Layers whose numbers are variables, so that a compiled step serves other numbers too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops


class Adjusted(keras.layers.Layer):  # type: ignore[misc]
    """Applies a layer of Keras, some numbers of which are variables of this one.

    Keras's layers draw between numbers that became part of the graph, and JAX draws between no variables; so the
    layer has their values as tensors while it is called, and its own numbers otherwise.

    Args:
        layer: maps a batch, ``{"images": (batch, height, width, channels), …}``, to the same.
        names: attributes of the layer, numbers or tuples of numbers, that are read in its calls alone.
    """

    def __init__(self, layer: keras.Layer, *names: str) -> None:
        super().__init__(dtype="float32")
        self.layer, self._names = layer, names
        self.supports_jit = layer.supports_jit
        numbers = keras.tree.flatten([getattr(layer, name) for name in names])
        self.numbers = [keras.Variable(number, trainable=False, dtype="float32", name="number") for number in numbers]
        # Keras would warn of unbuilt state otherwise; there are no weights.
        self.built = True

    @contextmanager
    def adjusted(self) -> Iterator[keras.Layer]:
        """Give out the layer with the variables' values in place of its numbers."""
        before = [getattr(self.layer, name) for name in self._names]
        tensors = keras.tree.pack_sequence_as(before, [ops.convert_to_tensor(number) for number in self.numbers])
        try:
            self._set(tensors)
            yield self.layer
        finally:
            self._set(before)

    def _set(self, values: list[Any]) -> None:
        for name, value in zip(self._names, values, strict=True):
            setattr(self.layer, name, value)

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it."""
        with self.adjusted() as layer:
            changed: dict[str, Any] = layer(batch, training=training)
        return changed
