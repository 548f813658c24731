"""Augmentation layers whose numbers are read from variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops


class AdjustedAugmentation(keras.layers.Layer):  # type: ignore[misc]
    """Calls an augmentation layer with variables in place of some of its numbers.

    Keras's layers draw between numbers that become part of the graph, and on JAX cannot draw between variables; so the
    layer holds the variables' values as tensors while it is called, and its own numbers otherwise.

    Args:
        layer: with an attribute ``adjustable_numbers``: pairs of a layer and the name of an attribute of that layer, a
            number or a tuple of numbers that is read only while it is called.
    """

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        self.supports_jit = layer.supports_jit
        self._places: list[tuple[keras.Layer, str]] = list(layer.adjustable_numbers)
        numbers = keras.tree.flatten([getattr(owner, name) for owner, name in self._places])
        self.numbers = [keras.Variable(number, trainable=False, dtype="float32", name="number") for number in numbers]
        # Keras would warn of unbuilt state otherwise; there are no weights.
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch as the layer changed it."""
        with self._in_place():
            changed: dict[str, Any] = self.layer(batch, training=training)
        return changed

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        before = [getattr(owner, name) for owner, name in self._places]
        tensors = keras.tree.pack_sequence_as(before, [ops.convert_to_tensor(number) for number in self.numbers])
        try:
            self._set(tensors)
            yield
        finally:
            self._set(before)

    def _set(self, values: list[Any]) -> None:
        for (owner, name), value in zip(self._places, values, strict=True):
            setattr(owner, name, value)


def with_adjusted_numbers(layer: keras.Layer) -> keras.Layer:
    """Return a layer that reads its adjustable numbers from variables; the layer itself if it has none."""
    return AdjustedAugmentation(layer) if getattr(layer, "adjustable_numbers", ()) else layer
