"""Gradients inside a network, on TensorFlow and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE

Score = Callable[[Any], Any]
"""From raw outputs ``(batch, …)`` to scores ``(batch,)``, both tensors."""

USEFUL_SIZE = 7
"""Smaller feature maps say little about where something is; 7×7 is what Grad-CAM's authors used."""


class Probe(keras.layers.Layer):  # type: ignore[misc]
    """Adds zeros to a tensor; the gradient with respect to the zeros is the gradient with respect to the tensor.

    Args:
        batch: the batch size that the network will be called with.
    """

    def __init__(self, batch: int) -> None:
        super().__init__()
        self._batch = batch

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the zeros."""
        self.zeros = self.add_weight(shape=(self._batch, *input_shape[1:]), initializer="zeros", dtype="float32")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the inputs; on JAX it cannot be inferred for any batch size."""
        return input_shape

    def call(self, inputs: Any) -> Any:
        """Return the inputs, float32."""
        return ops.cast(inputs, "float32") + self.zeros


class Gradients:
    """Gives the gradients of a score at the images and at the feature map of `feature_layer`.

    Args:
        network: a functional model that takes images by name.
        score: what to differentiate.
        batch: number of images of each call.

    Raises:
        UserError: if Keras runs on a backend other than TensorFlow and JAX.
    """

    def __init__(self, network: keras.Model, score: Score, batch: int) -> None:
        if keras.backend.backend() not in _COMPILERS:
            raise UserError(f"explanations need TensorFlow or JAX; Keras runs on {keras.backend.backend()} here")
        model, probe = _probed(network, batch)
        self._compute = _COMPILERS[keras.backend.backend()](model, probe, score)

    def __call__(self, images: Array) -> tuple[Array, Array, Array]:
        """Return the gradients at the images, the feature maps, and the gradients there."""
        at_images, features, at_features = self._compute(ops.convert_to_tensor(images, "float32"))
        return np.asarray(at_images), np.asarray(features), np.asarray(at_features)


def feature_layer(network: keras.Model) -> keras.Layer:
    """Return the last layer with the coarsest feature map of at least 7×7, or else with the finest one there is."""
    maps = [layer for layer in network.layers if _is_map(layer)]
    if not maps:
        raise UserError("the network has no feature map to explain its answers with")
    useful = [layer for layer in maps if min(_size(layer)) >= USEFUL_SIZE]
    sizes = {_size(layer) for layer in useful or maps}
    chosen = min(sizes, key=_area) if useful else max(sizes, key=_area)
    return [layer for layer in maps if _size(layer) == chosen][-1]


def _is_map(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.InputLayer):
        return False
    shape = list(getattr(layer.output, "shape", ()))
    return len(shape) == 4 and None not in shape[1:] and shape[1] * shape[2] > 1


def _size(layer: keras.Layer) -> tuple[int, int]:
    shape = list(layer.output.shape)
    return int(shape[1]), int(shape[2])


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _probed(network: keras.Model, batch: int) -> tuple[keras.Model, Probe]:
    """Return a model that returns feature map and raw outputs, and the probe at the feature map."""
    chosen, probe = feature_layer(network), Probe(batch)

    def call(layer: keras.Layer, *arguments: Any, **named: Any) -> Any:
        outputs = layer(*arguments, **named)
        return probe(outputs) if layer is chosen else outputs

    # The layers are shared with the network: only the path of the tensors is new.
    copy = keras.models.clone_model(network, call_function=call, clone_function=lambda layer: layer)
    return keras.Model(copy.input, [probe.output, copy.output]), probe


def _with_tensorflow(model: keras.Model, probe: Probe, score: Score) -> Any:
    import tensorflow as tf

    @tf.function  # type: ignore[untyped-decorator]
    def compute(images: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            features, outputs = model({IMAGE: images}, training=False)
            total = tf.reduce_sum(score(outputs))
        at_images, at_features = tape.gradient(total, [images, probe.zeros.value])
        return at_images, features, at_features

    return compute


def _with_jax(model: keras.Model, probe: Probe, score: Score) -> Any:
    import jax

    place = [id(each) for each in model.trainable_variables].index(id(probe.zeros))
    trained = [each.value for each in model.trainable_variables]
    others = [each.value for each in model.non_trainable_variables]

    def total(images: Any, zeros: Any) -> Any:
        weights = [*trained[:place], zeros, *trained[place + 1 :]]
        (features, outputs), _ = model.stateless_call(weights, others, {IMAGE: images}, training=False)
        return ops.sum(score(outputs)), features

    differentiate = jax.jit(jax.grad(total, argnums=(0, 1), has_aux=True))

    def compute(images: Any) -> Any:
        (at_images, at_features), features = differentiate(images, trained[place])
        return at_images, features, at_features

    return compute


_COMPILERS = {"tensorflow": _with_tensorflow, "jax": _with_jax}
