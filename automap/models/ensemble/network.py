"""An ensemble as one network."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from automap.interfaces.task import Task


def ensemble_network(
    networks: Sequence[keras.Model], task: Task, weights: Sequence[float], temperature: float
) -> keras.Model:
    """Return a network that runs all members and combines their outputs.

    Args:
        networks: of the members, with the same inputs; they are renamed.
        task: combines the outputs.
        weights: of the members; they sum to 1.
        temperature: for tasks whose outputs are logits.
    """
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name) for name, tensor in networks[0].input.items()
    }
    outputs = []
    for number, network in enumerate(networks):
        network.name = f"member_{number}"
        outputs.append(network(inputs))
    return keras.Model(inputs, task.combine(outputs, weights, temperature), name="ensemble")
