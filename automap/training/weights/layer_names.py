"""Stable names of layers, independent of the number of layers that the process has built before."""

from __future__ import annotations

import re

import keras
import numpy as np

from automap.interfaces.array import Array


def stable_names(network: keras.Model) -> dict[str, keras.layers.Layer]:
    """Return a network's layers that have weights, by names that are the same in every process.

    Keras numbers layers within a process: ``conv2d_3`` may be ``conv2d_17`` in another one. Such layers are named by
    their class and their order of creation; layers with explicit names keep them. A head is built after its backbone,
    so that a backbone's layers have the same names under every head.
    """
    layers = [layer for layer in network._flatten_layers(recursive=False, include_self=False) if layer.weights]
    found: dict[str, keras.layers.Layer] = {}
    numbered: dict[str, list[tuple[int, keras.layers.Layer]]] = {}
    for layer in layers:
        automatic = re.fullmatch(rf"{_snake_case(type(layer).__name__)}(?:_(\d+))?", layer.name)
        if automatic is None:
            found[layer.name] = layer
        else:
            numbered.setdefault(type(layer).__name__, []).append((int(automatic[1] or 0), layer))
    for kind, of_kind in numbered.items():
        for rank, (_, layer) in enumerate(sorted(of_kind, key=lambda entry: entry[0])):
            found[f"{kind}:{rank}"] = layer
    return found


def weights_by_layer(network: keras.Model) -> dict[str, Array]:
    """Return copies of a network's weights, called ``layer/0``, ``layer/1``, … by the layer's stable name."""
    return {
        f"{name}/{index}": np.array(weight)
        for name, layer in stable_names(network).items()
        for index, weight in enumerate(layer.get_weights())
    }


def _snake_case(name: str) -> str:
    # As Keras names layers: BatchNormalization is batch_normalization, Conv2D is conv2d.
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
