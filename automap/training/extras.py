"""What a training may have beside its candidate: initial weights, learning rates by layer, a second loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras

from automap.exceptions import TrainingError


class SecondLoss(Protocol):
    """A loss that is added to the candidate's own, for instance the distance to a teacher's outputs."""

    def __call__(self, inputs: Mapping[str, Any], outputs: Any) -> Any:
        """Return the mean loss of a batch, a scalar.

        Args:
            inputs: of the network by name, augmented; ``image`` is ``(batch, height, width, channels)``, 0 to 255.
            outputs: of the network, raw.
        """


@dataclass(frozen=True)
class TrainingExtras:
    """Changes to a training that are not part of its candidate."""

    initial_weights: Path | None = None
    """A saved network (``.keras``) whose weights the new network starts from, layer by layer; see
    `load_initial_weights`."""
    learning_rate_factors: Mapping[str, float] = field(default_factory=dict)
    """Factors of the learning rate by the name of a layer; 0 freezes the layer. Layers that are not named have 1."""
    second_loss: SecondLoss | None = None
    """Added to the candidate's loss."""


NO_EXTRAS = TrainingExtras()


def load_initial_weights(network: keras.Model, path: Path) -> int:
    """Copy the weights of a saved network into the layers of the same name and shapes.

    Args:
        network: changed in place.
        path: of a ``.keras`` file.

    Returns:
        The number of layers whose weights were copied.

    Raises:
        TrainingError: if no layer fits.
    """
    saved = {
        layer.name: layer.get_weights() for layer in keras.saving.load_model(path, compile=False)._flatten_layers()
    }
    copied = 0
    for layer in network._flatten_layers(include_self=False, recursive=False):
        weights = saved.get(layer.name, [])
        if weights and [each.shape for each in weights] == [tuple(each.shape) for each in layer.weights]:
            layer.set_weights(weights)
            copied += 1
    if not copied:
        raise TrainingError(f"initial weights: no layer of {path} has the name and shapes of a layer of the network")
    return copied


def scale_learning_rates(optimizer: keras.Optimizer, network: keras.Model, factors: Mapping[str, float]) -> None:
    """Multiply the learning rate of some layers' weights; layers with a factor of 0 are frozen.

    Frozen layers are not trainable: batch normalisation uses its moving averages in them, and no gradient is computed.

    Args:
        optimizer: changed in place, before it is built.
        network: its layers are changed in place, before it is compiled.
        factors: by the name of a layer, 0 or more.
    """
    if not factors:
        return
    by_variable: dict[int, float] = {}
    for layer in network._flatten_layers(include_self=False):
        factor = factors.get(layer.name, 1.0)
        if factor == 0:
            layer.trainable = False
        by_variable |= {id(weight): factor for weight in layer.trainable_weights if factor != 1.0}
    update = optimizer.update_step

    def scaled_update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        update(gradient, variable, learning_rate * by_variable.get(id(variable), 1.0))

    optimizer.update_step = scaled_update
