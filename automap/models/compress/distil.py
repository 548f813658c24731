"""Distillation: a smaller network learns from the outputs of a larger one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

TEMPERATURE = 3.0
PROBABILITIES = frozenset({"label", "mask"})
"""Kinds of target whose raw outputs are logits of one class each."""


class TeacherLoss:
    """The distance of a network's outputs to those of its teacher (Hinton et al., 2015, arXiv:1503.02531).

    For logits of one class it is the Kullback-Leibler divergence of the probabilities at a temperature of 3; where each
    class has its own logit, the binary cross-entropy; for all other outputs the mean squared error.

    Args:
        teacher: a network with the same inputs and outputs.
        kind: of target.
    """

    def __init__(self, teacher: keras.Model, kind: str) -> None:
        teacher.trainable = False
        self._teacher, self._kind = teacher, kind

    def __call__(self, inputs: Mapping[str, Any], outputs: Any) -> Any:
        """Return the mean loss of a batch."""
        wanted = ops.stop_gradient(self._teacher(dict(inputs), training=False))
        if self._kind in PROBABILITIES:
            wanted, found = wanted / TEMPERATURE, outputs / TEMPERATURE
            target = ops.softmax(wanted, axis=-1)
            difference = ops.log_softmax(wanted, axis=-1) - ops.log_softmax(found, axis=-1)
            return TEMPERATURE**2 * ops.mean(ops.sum(target * difference, axis=-1))
        if self._kind == "labels":
            return ops.mean(ops.binary_crossentropy(ops.sigmoid(wanted), outputs, from_logits=True))
        return ops.mean(ops.square(wanted - outputs))
