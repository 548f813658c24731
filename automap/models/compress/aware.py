"""Quantization-aware training: int8 weights and activations are simulated while a network is fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.quantizers import fake_quant_with_min_max_vars

from automap.interfaces.array import Array

BITS = 8
TRIMMED = 0.001
"""Share of the smallest and of the largest activations that lie outside the simulated range."""

_QUANTIZED = (keras.layers.Conv2D, keras.layers.Dense, keras.layers.DepthwiseConv2D)


def simulated(network: keras.Model, calibration: Mapping[str, Array]) -> keras.Model:
    """Return a copy of a network whose convolutions and dense layers see int8 weights and inputs.

    Weights are rounded with a range for each output channel, inputs with the range that calibration images give;
    gradients pass through (Jacob et al., 2018, arXiv:1712.05877). The copy has the same weights in the same order.

    Args:
        network: a functional network.
        calibration: images by input, ``(count, …)``.
    """
    ranges = _input_ranges(network, calibration)

    def clone(layer: Any) -> Any:
        if type(layer) in _QUANTIZED and layer.name in ranges:
            copy = _aware(type(layer)).from_config(layer.get_config())
            copy.low, copy.high = ranges[layer.name]
            return copy
        return type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone)
    copy.set_weights(network.get_weights())
    return copy


def _input_ranges(network: keras.Model, calibration: Mapping[str, Array]) -> dict[str, tuple[float, float]]:
    """Return the range of values that each layer reads."""
    tensors = {
        layer.name: layer.input
        for layer in network.layers
        if type(layer) in _QUANTIZED and len(layer._inbound_nodes) == 1
    }
    probe = keras.Model(network.input, tensors)
    found = probe.predict({name: np.asarray(values) for name, values in calibration.items()}, batch_size=16, verbose=0)
    return {name: _range(np.asarray(values, np.float32)) for name, values in found.items()}


def _range(values: Array) -> tuple[float, float]:
    low, high = (float(each) for each in np.quantile(values, [TRIMMED, 1 - TRIMMED]))
    # Zero must be a value of its own: padding is exact then.
    return min(low, 0.0), max(high, 1e-6)


def _aware(base: Any) -> Any:
    """Return a layer class that quantizes its inputs and weights in its forward pass."""

    class Aware(base):  # type: ignore[misc]
        low, high = 0.0, 1.0

        def call(self, inputs: Any, **options: Any) -> Any:
            rounded = fake_quant_with_min_max_vars(inputs, self.low, self.high, num_bits=BITS)
            return super().call(rounded, **options)

        if base is not keras.layers.DepthwiseConv2D:

            @property
            def kernel(self) -> Any:
                kernel = base.kernel.fget(self)
                axes = list(range(len(kernel.shape) - 1))
                largest = ops.stop_gradient(ops.max(ops.abs(kernel), axis=axes)) + 1e-8
                return fake_quant_with_min_max_vars(
                    kernel, -largest, largest, num_bits=BITS, narrow_range=True, axis=len(kernel.shape) - 1
                )

    Aware.__name__ = base.__name__
    return Aware
