"""Which channels of a network can be removed together: an analysis of its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from automap.interfaces.array import Array

layers = keras.layers

_SAME = (
    "Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "SpatialDropout2D", "GaussianNoise", "MaxPooling2D",
    "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D",
    "Resizing", "Rescaling", "Identity", "Cast",
)  # fmt: skip
"""Layers and operations without weights that treat each channel alone and leave it in its place."""
_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
"""Layers that combine channels of the same place."""


class Group(NamedTuple):
    """Channels of one or more layers that can only be removed together."""

    members: tuple[tuple[str, int], ...]
    """Names of layers and indices of their output channels."""


class Analysis(NamedTuple):
    """The channels of a network."""

    blocks: tuple[tuple[Group, ...], ...]
    """Groups that lie in the same layers; each block is pruned by the same share."""
    inputs: dict[str, Array]
    """For each layer with weights: the channel of each place of its input's last axis."""
    outputs: dict[str, Array]
    """The same of its output."""
    fixed: dict[str, str]
    """Layers with filters none of which can be removed, with the reason."""


class _Step(NamedTuple):
    layer: Any
    given: Sequence[Array]
    """The channels of each input."""
    shape: tuple[Any, ...]
    """Of the output."""


class _Channels:
    """Sets of channels that belong together (union-find)."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self.reasons: dict[int, str] = {}

    def new(self, count: int) -> Array:
        """Return new channels, each on its own."""
        first = len(self.parents)
        self.parents += range(first, first + count)
        return np.arange(first, first + count)

    def root(self, channel: int) -> int:
        while self.parents[channel] != channel:
            self.parents[channel] = channel = self.parents[self.parents[channel]]
        return channel

    def tie(self, one: Array, other: Array) -> None:
        for first, second in zip(one.tolist(), other.tolist(), strict=True):
            first, second = self.root(first), self.root(second)
            if first != second:
                self.parents[second] = first
                if second in self.reasons:
                    self.reasons.setdefault(first, self.reasons[second])

    def fix(self, channels: Array, reason: str) -> None:
        for channel in np.unique(channels).tolist():
            self.reasons.setdefault(self.root(channel), reason)


def analyse(network: keras.Model) -> Analysis:
    """Find the channels of a functional network that can be removed, and which of them go together.

    Channels are followed from the layer that makes them to all layers that read them. Additions and multiplications tie
    the channels of their inputs; depthwise convolutions, normalisations and poolings pass them on; concatenations put
    them side by side. Layers that mix channels in another way, such as attention, keep theirs, and so do the outputs.
    """
    channels, found = _Channels(), {}
    makers: dict[str, Array] = {}
    inputs: dict[str, Array] = {}
    outputs: dict[str, Array] = {}
    for tensor in network.inputs:
        found[id(tensor)] = channels.new(tensor.shape[-1])
        channels.fix(found[id(tensor)], "it is an input of the network")
    for node in _nodes(network):
        layer, given = node.operation, [found[id(tensor)] for tensor in node.input_tensors]
        made = _follow(channels, _Step(layer, given, node.outputs[0].shape))
        inputs[layer.name], outputs[layer.name] = given[0], made
        if _makes_channels(layer):
            makers[layer.name] = made
        for tensor in node.outputs:
            found[id(tensor)] = made
    for tensor in network.outputs:
        channels.fix(found[id(tensor)], "it is an output of the network")
    return _grouped(channels, makers, inputs, outputs)


def _nodes(network: keras.Model) -> list[Any]:
    by_depth = network._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if not node.is_input]


def _makes_channels(layer: Any) -> bool:
    if isinstance(layer, layers.DepthwiseConv2D):
        return False
    if isinstance(layer, layers.Conv2D):
        return bool(layer.groups == 1)
    return isinstance(layer, layers.Dense | layers.Conv2DTranspose)


def _follow(channels: _Channels, step: _Step) -> Array:
    """Return the channels of a layer's output."""
    layer, name = step.layer, type(step.layer).__name__
    first = step.given[0]
    if _makes_channels(layer):
        made = channels.new(step.shape[-1])
        if len(layer._inbound_nodes) > 1:
            # It makes the same channels twice, which would need more bookkeeping.
            channels.fix(np.concatenate([first, made]), f"layer {layer.name} is used more than once")
        return made
    if rule := _RULES.get(name):
        return rule(channels, step)
    if len(step.given) == 1 and step.shape[-1] == len(first) and _is_elementwise(layer, name, len(first)):
        return first
    return _all_needed(channels, step)


def _all_needed(channels: _Channels, step: _Step) -> Array:
    """Keep all channels that a layer reads and makes."""
    made = channels.new(step.shape[-1] or 1)
    channels.fix(np.concatenate([*step.given, made]), f"{type(step.layer).__name__} ({step.layer.name}) needs them all")
    return made


def _is_elementwise(layer: Any, name: str, count: int) -> bool:
    if name in _SAME:
        return name != "Activation" or layer.activation is not keras.activations.softmax
    if isinstance(layer, layers.DepthwiseConv2D):
        return bool(layer.depth_multiplier == 1)
    weights = getattr(layer, "weights", [])
    own = isinstance(layer, keras.Layer) and not layer._layers
    return own and bool(weights) and all(_is_per_channel(weight, count) for weight in weights)


def _is_per_channel(weight: Any, count: int) -> bool:
    return tuple(weight.shape) == (count,)


def _combine(channels: _Channels, step: _Step) -> Array:
    largest = max(step.given, key=len)
    if any(len(each) != len(largest) for each in step.given):
        return _all_needed(channels, step)
    for each in step.given:
        channels.tie(largest, each)
    return largest


def _concatenate(channels: _Channels, step: _Step) -> Array:
    if step.layer.axis in (-1, len(step.shape) - 1):
        return np.concatenate(step.given)
    return _combine(channels, step)


def _flatten(_: _Channels, step: _Step) -> Array:
    return np.tile(step.given[0], step.shape[-1] // len(step.given[0]))


def _reshape(channels: _Channels, step: _Step) -> Array:
    return step.given[0] if step.shape[-1] == len(step.given[0]) else _all_needed(channels, step)


_RULES: dict[str, Callable[[_Channels, _Step], Array]] = {
    **dict.fromkeys(_ELEMENTWISE, _combine),
    "Concatenate": _concatenate,
    "Flatten": _flatten,
    "Reshape": _reshape,
}


def _grouped(
    channels: _Channels, makers: dict[str, Array], inputs: dict[str, Array], outputs: dict[str, Array]
) -> Analysis:
    members: dict[int, list[tuple[str, int]]] = {}
    for name, made in makers.items():
        for index, channel in enumerate(made.tolist()):
            members.setdefault(channels.root(channel), []).append((name, index))
    blocks: dict[tuple[str, ...], list[Group]] = {}
    for root, found in members.items():
        if root not in channels.reasons:
            blocks.setdefault(tuple(sorted({name for name, _ in found})), []).append(Group(tuple(found)))
    free = {name for names in blocks for name in names}
    fixed = {name: channels.reasons[channels.root(int(made[0]))] for name, made in makers.items() if name not in free}

    def roots(places: dict[str, Array]) -> dict[str, Array]:
        return {name: np.array([channels.root(each) for each in found.tolist()]) for name, found in places.items()}

    return Analysis(tuple(map(tuple, blocks.values())), roots(inputs), roots(outputs), fixed)
