"""Putting the adjustable numbers of a model's parts into variables."""

from __future__ import annotations

from dataclasses import replace

import keras

from automap.spec.candidate import Candidate
from automap.training.model import Parts
from automap.training.step_reuse.augmentation import with_adjusted_numbers
from automap.training.step_reuse.dropout import with_adjusted_dropout


def adjusted(parts: Parts, candidate: Candidate) -> Parts:
    """Return the same parts with the candidate's adjustable numbers in variables.

    The network shares its weights with the given one.
    """
    adjust_optimizer(parts.optimizer, candidate)
    network, rates = with_adjusted_dropout(parts.network)
    augmentations = [with_adjusted_numbers(layer) for layer in parts.augmentations]
    return replace(parts, network=network, augmentations=augmentations, numbers=rates)


def adjust_optimizer(optimizer: keras.Optimizer, candidate: Candidate) -> None:
    """Put an optimizer's adjustable numbers into variables of the optimizer; the learning rate already is one.

    Args:
        optimizer: changed in place, before it is built.
        candidate: names its adjustable hyperparameters.
    """
    for name in sorted(candidate.optimizer.adjustable - {"learning_rate"}):
        if number := getattr(optimizer, name):
            setattr(optimizer, name, optimizer.add_variable((), keras.initializers.Constant(number), name=name))
