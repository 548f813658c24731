"""Extras of a training beside its candidate: initial weights, learning rates by layer, a second loss, clipping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras

from automap.interfaces.array import Array


class SecondLoss(Protocol):
    """A loss that is added to the candidate's own, for instance the distance to a teacher's outputs."""

    def __call__(self, inputs: Mapping[str, Any], outputs: Any) -> Any:
        """Return the mean loss of a batch, a scalar.

        Args:
            inputs: of the network by name, augmented; ``image`` is ``(batch, height, width, channels)``, 0 to 255.
            outputs: of the network, raw.
        """


CombineGradients = Callable[[list[Any]], list[Any]]
"""Combines the gradients of a batch's examples: for each trainable weight, an array of the shape ``(batch,
*weight.shape)`` becomes one of ``weight.shape``, for instance the mean of clipped gradients. It is part of the compiled
step, so it must consist of operations of Keras or the backend."""


@dataclass(frozen=True)
class TrainingExtras:
    """Options of a training that are not part of its candidate."""

    initial_weights: Path | None = None
    """A saved network (``.keras``) whose weights the new network starts from, layer by layer; see
    `automap.training.weights.initial`."""
    head: Mapping[str, list[Array]] | None = None
    """Weights that the layers of the head start from, by name; they come after `initial_weights`."""
    learning_rate_factors: Mapping[str, float] = field(default_factory=dict)
    """Factors of the learning rate by the name of a layer; 0 freezes the layer. Layers that are not named have 1."""
    second_loss: SecondLoss | None = None
    """Added to the candidate's loss."""
    combine_gradients: CombineGradients | None = None
    """Combines the gradients of single examples into one step; None for the gradient of the mean loss. Batch
    normalisation that is trained, losses that compare images and mixed_float16 are refused."""


NO_EXTRAS = TrainingExtras()


def scale_learning_rates(
    optimizer: keras.Optimizer,
    network: keras.Model,
    factors: Mapping[str, float],
    first_steps: Mapping[str, int] | None = None,
) -> None:
    """Multiply the learning rate of some layers' weights; layers with a factor of 0 are frozen.

    Frozen layers are not trainable: batch normalisation uses its moving averages in them, and no gradient is computed.
    Weight decay is not scaled.

    Args:
        optimizer: changed in place, before it is built.
        network: its layers are changed in place, before it is compiled.
        factors: by the name of a layer, 0 or more.
        first_steps: the step before which the learning rate of a layer is 0, by its name.
    """
    if not factors and not first_steps:
        return
    by_variable: dict[Any, float] = {}
    starts: dict[Any, int] = {}
    for layer in network._flatten_layers(include_self=False):
        factor = factors.get(layer.name, 1.0)
        if factor == 0:
            layer.trainable = False
        # Keras passes the backend's own variables to an update.
        by_variable |= {optimizer._var_key(weight): factor for weight in layer.trainable_weights if factor != 1.0}
        if start := (first_steps or {}).get(layer.name, 0):
            starts |= {optimizer._var_key(weight): start for weight in layer.trainable_weights}
    update = optimizer.update_step

    def scaled_update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        key = optimizer._var_key(variable)
        rate = learning_rate * by_variable.get(key, 1.0)
        if key in starts:
            rate = rate * keras.ops.cast(optimizer.iterations >= starts[key], rate.dtype)
        update(gradient, variable, rate)

    optimizer.update_step = scaled_update
