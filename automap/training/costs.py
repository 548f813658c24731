"""What a network costs: parameters, floating-point operations, latency, size."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

LATENCY_SECONDS = 1.0
"""Time for which latency is measured, at most."""
LATENCY_RUNS = (10, 100)
"""Fewest and most runs of a latency measurement."""

Shape = Sequence[int]


def static_costs(network: keras.Model) -> dict[str, float]:
    """Return what is known without running the network: ``parameters`` and ``flops`` of one image."""
    return {"parameters": float(network.count_params()), "flops": float(count_flops(network))}


def latency_costs(network: keras.Model) -> dict[str, float]:
    """Return median and 95th percentile of the time of a batch of one image, in milliseconds."""
    image = np.zeros((1, *network.input_shape[1:]), np.uint8)
    for _ in range(3):
        network.predict_on_batch(image)
    times: list[float] = []
    started = time.perf_counter()
    fewest, most = LATENCY_RUNS
    while len(times) < fewest or (len(times) < most and time.perf_counter() - started < LATENCY_SECONDS):
        before = time.perf_counter()
        network.predict_on_batch(image)
        times.append(1000 * (time.perf_counter() - before))
    return {"latency_ms": float(np.median(times)), "latency_p95_ms": float(np.percentile(times, 95))}


def size_cost(path: Path) -> dict[str, float]:
    """Return the size of a saved model in bytes."""
    return {"size_bytes": float(path.stat().st_size)}


def count_flops(network: keras.Model) -> int:
    """Count the floating-point operations of one image; a multiply-add counts two.

    Convolutions, dense layers, pooling and attention are counted, on the graph of the network. Norms,
    activations and element-wise sums are not: they are a few per cent. Nor is what a layer of a plugin's own
    computes inside, unless it is made of layers in the graph.
    """
    total = 0
    for layer in network.layers:
        for node in layer._inbound_nodes:
            if not node.is_input and _is_part_of(node, network):
                total += _layer_flops(layer, _shape(node.input_tensors), _shape(node.outputs))
    return total


def _is_part_of(node: object, network: keras.Model) -> bool:
    return any(node in nodes for nodes in network._nodes_by_depth.values())


def _shape(tensors: Sequence[keras.KerasTensor]) -> Shape:
    return [size or 1 for size in tensors[0].shape[1:]]


def _layer_flops(layer: keras.Layer, inputs: Shape, outputs: Shape) -> int:
    match layer:
        case keras.Model():
            return count_flops(layer)
        case keras.layers.SeparableConv2D():
            positions, kernel = math.prod(outputs[:-1]), math.prod(layer.kernel_size)
            return int(2 * positions * inputs[-1] * layer.depth_multiplier * (kernel + outputs[-1]))
        case keras.layers.DepthwiseConv2D():
            return int(2 * math.prod(outputs) * math.prod(layer.kernel_size))
        case keras.layers.Conv2DTranspose():
            return int(2 * math.prod(inputs) * math.prod(layer.kernel_size) * outputs[-1])
        case keras.layers.Conv1D() | keras.layers.Conv2D():
            return int(2 * math.prod(outputs) * math.prod(layer.kernel_size) * inputs[-1] // layer.groups)
        case keras.layers.Dense() | keras.layers.EinsumDense():
            return int(2 * math.prod(inputs[:-1]) * math.prod(layer.kernel.shape))
        case keras.layers.MultiHeadAttention():
            tokens = math.prod(inputs[:-1])
            weights = sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 2)
            return int(2 * tokens * weights + 4 * tokens * tokens * layer.num_heads * layer.key_dim)
        case keras.layers.MaxPooling2D() | keras.layers.AveragePooling2D():
            return int(math.prod(outputs) * math.prod(layer.pool_size))
        case keras.layers.GlobalAveragePooling2D() | keras.layers.GlobalMaxPooling2D():
            return math.prod(inputs)
    return 0
