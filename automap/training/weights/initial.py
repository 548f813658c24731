"""Starting a network from the weights of another one."""

from __future__ import annotations

from pathlib import Path

import keras

from automap.exceptions import TrainingError
from automap.training.weights.layer_names import stable_names


def load_initial_weights(network: keras.Model, path: Path) -> int:
    """Copy the weights of a saved network into layers with the same name and shapes.

    Layers are matched by their `stable_names`, so a backbone's layers are matched whatever the head is.

    Args:
        network: changed in place.
        path: a ``.keras`` file.

    Returns:
        The number of layers whose weights were copied.

    Raises:
        TrainingError: if no layer fits.
    """
    saved, copied = stable_names(keras.saving.load_model(path, compile=False)), 0
    for name, layer in stable_names(network).items():
        weights = saved[name].get_weights() if name in saved else []
        if weights and [each.shape for each in weights] == [tuple(each.shape) for each in layer.weights]:
            layer.set_weights(weights)
            copied += 1
    if not copied:
        raise TrainingError(f"initial weights: no layer of {path} has the name and shapes of a layer of the network")
    return copied
