"""Counting a network's floating-point operations from its graph, independently of the backend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras

Shape = tuple[int, ...]


def count_flops(network: keras.Model) -> int:
    """Return the floating-point operations of one image through a functional network.

    A multiply-add counts as two operations. Convolutions, dense layers, matrix products, attention, pooling, norms
    (two for each element, as at inference), activations, and sums and products of feature maps are counted. Biases,
    softmax, resizing, and operations that only move data are not. Composite layers are counted by their parts.

    Raises:
        ValueError: if the network is not functional.
    """
    if not isinstance(network, keras.Function):
        raise ValueError(f"FLOPs can only be counted for a functional model; received {type(network).__name__}")
    return sum(_of_call(operation, inputs, outputs) for operation, inputs, outputs in _calls(network))


def _calls(function: keras.Function) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """Yield each call of an operation in a graph with its inputs and outputs."""
    for nodes in function._nodes_by_depth.values():
        for node in nodes:
            if not node.is_input:
                yield node.operation, node.input_tensors, node.outputs


def _of_call(operation: Any, inputs: list[Any], outputs: list[Any]) -> int:
    shapes = [_shape(tensor) for tensor in inputs]
    found = _of_layer(operation, shapes[0], _shape(outputs[0])) if shapes else 0
    if found is None:
        found = _of_operation(operation, shapes, _shape(outputs[0]))
    return _of_parts(operation, inputs) if found is None else found


def _shape(tensor: Any) -> Shape:
    """Return a tensor's shape with a batch of one image."""
    return tuple(size or 1 for size in tensor.shape)


def _of_layer(layer: Any, before: Shape, after: Shape) -> int | None:
    """Return the operations of a Keras layer from the shapes of its input and output; None for other layers."""
    match layer:
        case keras.layers.Dense():
            return 2 * math.prod(after) * before[-1]
        case keras.layers.EinsumDense():
            return 2 * _einsum(layer.equation, before, tuple(layer.kernel.shape))
        case keras.layers.MultiHeadAttention():
            return _attention(layer, before)
        case keras.layers.MaxPooling2D() | keras.layers.AveragePooling2D():
            return int(math.prod(after) * math.prod(layer.pool_size))
        case keras.layers.GlobalAveragePooling2D() | keras.layers.GlobalMaxPooling2D():
            return math.prod(before)
    if isinstance(layer, _NORMS):
        return 2 * math.prod(after)
    return math.prod(after) if isinstance(layer, _ELEMENTWISE) else _of_convolution(layer, before, after)


def _of_convolution(layer: Any, before: Shape, after: Shape) -> int | None:
    match layer:
        case keras.layers.SeparableConv1D() | keras.layers.SeparableConv2D():
            taps = math.prod(layer.kernel_size) + after[-1]
            return int(2 * math.prod(after[:-1]) * before[-1] * layer.depth_multiplier * taps)
        case keras.layers.DepthwiseConv1D() | keras.layers.DepthwiseConv2D():
            return int(2 * math.prod(after) * math.prod(layer.kernel_size))
        case keras.layers.Conv1DTranspose() | keras.layers.Conv2DTranspose() | keras.layers.Conv3DTranspose():
            return int(2 * math.prod(before) * math.prod(layer.kernel_size) * after[-1])
        case keras.layers.Conv1D() | keras.layers.Conv2D() | keras.layers.Conv3D():
            return int(2 * math.prod(after) * math.prod(layer.kernel_size) * before[-1] // layer.groups)
    return None


_NORMS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.Normalization,
    keras.layers.Rescaling,
)
_ELEMENTWISE = (keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply)

# Keras does not export the classes behind the functions of keras.ops.
_ELEMENTWISE_OPERATIONS = frozenset(
    {"Add", "Subtract", "Multiply", "Divide", "Relu", "Relu6", "Gelu", "Silu", "Sigmoid", "Tanh"}
)


def _of_operation(operation: Any, before: Sequence[Shape], after: Shape) -> int | None:
    """Return the operations of a function of ``keras.ops`` in the graph."""
    name = type(operation).__name__
    if isinstance(operation, keras.Layer):
        return None
    if name in _ELEMENTWISE_OPERATIONS:
        return math.prod(after)
    if name in {"Matmul", "Dot"} and len(before) == 2:
        return 2 * math.prod(after) * before[0][-1]
    if name == "Einsum" and len(before) == 2:
        return 2 * _einsum(operation.subscripts, *before)
    return 0


def _einsum(equation: str, first: Shape, second: Shape) -> int:
    """Return the multiply-adds of an Einstein sum: the product of the lengths of all its indices."""
    left, right = equation.partition("->")[0].replace(" ", "").split(",")
    lengths = dict(zip(right.replace("...", ""), second[-len(right.replace("...", "")) :], strict=True))
    kept = left.replace("...", "")
    rest = math.prod(first[: len(first) - len(kept)])
    lengths |= dict(zip(kept, first[len(first) - len(kept) :], strict=True))
    return rest * math.prod(lengths.values())


def _attention(layer: keras.layers.MultiHeadAttention, before: Shape) -> int:
    """Return the operations of self-attention: four projections, and each token with each."""
    tokens = math.prod(before[:-1])
    projections = sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 2)
    value_size = layer.value_dim or layer.key_dim
    return int(2 * tokens * projections + 2 * tokens**2 * layer.num_heads * (layer.key_dim + value_size))


def _of_parts(layer: Any, inputs: list[Any]) -> int:
    """Return the operations of a model inside the network, or of a layer made of layers."""
    if isinstance(layer, keras.Function):
        return sum(_of_call(operation, before, after) for operation, before, after in _calls(layer))
    if not layer._layers:
        return 0
    # Calling it on symbolic tensors draws its inner graph.
    symbols = [keras.KerasTensor(tensor.shape, dtype=tensor.dtype) for tensor in inputs]
    outputs = layer.call(*symbols)
    inside = keras.Function(symbols, outputs)
    return sum(_of_call(operation, before, after) for operation, before, after in _calls(inside))
