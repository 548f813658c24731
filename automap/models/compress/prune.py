"""Structured pruning: channels are removed, so that the network is smaller, not masked."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.models.compress.channels import Analysis, Group, analyse

MULTIPLE = 4
"""Numbers of channels that are kept are multiples of it where there are as many: odd ones are slower."""


class Pruned(NamedTuple):
    """A smaller network."""

    network: keras.Model
    removed: int
    """Channels of layers that were removed."""
    total: int
    """Channels of all layers with filters."""
    fixed: dict[str, str]
    """Layers none of whose channels could be removed, with the reason."""


def prune(network: keras.Model, sparsity: float) -> Pruned:
    """Return a copy of a network without its least important channels.

    The importance of a channel is the mean norm of its filters, relative to their layers (Fang et al., 2023,
    arXiv:2301.12900), so that channels that are tied by additions are judged together.

    Args:
        network: a functional network; it stays as it is.
        sparsity: share of the channels to remove, of every set of layers that are tied together; above 0, below 1.

    Raises:
        UserError: if no channel can be removed.
    """
    analysis = analyse(network)
    norms = {name: _filter_norms(network.get_layer(name)) for name in _makers(analysis)}
    removed: set[int] = set()
    count = 0
    for block in analysis.blocks:
        for group in _least_important(block, norms, sparsity):
            removed.add(int(analysis.outputs[group.members[0][0]][group.members[0][1]]))
            count += len(group.members)
    if not removed:
        raise UserError("no channel of this network can be removed at this sparsity")
    total = sum(len(analysis.outputs[name]) for name in (*norms, *analysis.fixed))
    return Pruned(_without(network, analysis, removed), count, total, analysis.fixed)


def _makers(analysis: Analysis) -> set[str]:
    return {name for block in analysis.blocks for group in block for name, _ in group.members}


def _filter_norms(layer: Any) -> Array:
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    if isinstance(layer, keras.layers.Conv2DTranspose):
        kernel = np.swapaxes(kernel, -1, -2)
    norms = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
    relative: Array = norms / max(float(norms.mean()), 1e-12)
    return relative


def _least_important(block: tuple[Group, ...], norms: dict[str, Array], sparsity: float) -> list[Group]:
    importance = [float(np.mean([norms[name][index] for name, index in group.members])) for group in block]
    kept = max(1, round(len(block) * (1 - sparsity)))
    if len(block) >= 2 * MULTIPLE:
        kept = max(MULTIPLE, round(kept / MULTIPLE) * MULTIPLE)
    return [block[index] for index in np.argsort(importance, kind="stable")[: max(0, len(block) - kept)]]


def _without(network: keras.Model, analysis: Analysis, removed: set[int]) -> keras.Model:
    """Return a copy of a network without some channels."""
    gone = np.array(sorted(removed))
    inputs = {name: np.flatnonzero(~np.isin(found, gone)) for name, found in analysis.inputs.items()}
    outputs = {name: np.flatnonzero(~np.isin(found, gone)) for name, found in analysis.outputs.items()}

    def clone(layer: Any) -> Any:
        if layer.name not in outputs or len(outputs[layer.name]) == len(analysis.outputs[layer.name]):
            return type(layer).from_config(layer.get_config())
        return type(layer).from_config(_smaller(layer, len(outputs[layer.name])))

    smaller = keras.models.clone_model(network, clone_function=clone)
    for layer in network.layers:
        if layer.weights and layer.name in outputs:
            weights = layer.get_weights()
            kept = [_sliced(layer, each, inputs[layer.name], outputs[layer.name], analysis) for each in weights]
            smaller.get_layer(layer.name).set_weights(kept)
    return smaller


def _smaller(layer: Any, channels: int) -> dict[str, Any]:
    """Return a layer's configuration with another number of output channels."""
    config: dict[str, Any] = layer.get_config()
    for field in ("filters", "units"):
        if field in config and not isinstance(layer, keras.layers.DepthwiseConv2D):
            config[field] = channels
    if isinstance(layer, keras.layers.Reshape):
        config["target_shape"] = (*config["target_shape"][:-1], channels)
    return config


def _sliced(layer: Any, weight: Array, inputs: Array, outputs: Array, analysis: Analysis) -> Array:
    """Return a layer's weight for the channels that are kept."""
    given, made = len(analysis.inputs[layer.name]), len(analysis.outputs[layer.name])
    if len(inputs) == given and len(outputs) == made:
        return weight
    if weight.ndim == 1:
        return weight[outputs]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return weight[:, :, inputs]
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return weight[..., outputs, :][..., inputs]
    return weight[..., inputs, :][..., outputs]
