"""Muon for every weight that acts as a matrix."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

HEAD = r"(^|/)(logits|head)"
"""Paths of the last layers, which Muon is not made for (Jordan et al., 2024)."""
SPLIT_AFTER_FIRST = re.compile(r"/(query|key|value)/kernel$")
"""Kernels of attention, ``(channels, heads, size)``; all others have their outputs on the last axis."""


@keras.saving.register_keras_serializable("automap_optimizers")
class MatrixMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon that treats kernels of convolutions and attention as matrices and excludes the head.

    Keras's (3.15) takes weights of two dimensions and no others. Of a residual network that is the head alone, the
    one matrix that Muon should leave to AdamW; of attention it is the biases.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"exclude_layers": [HEAD], **options})

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        if len(variable.shape) < 2 or variable.name == "bias":
            return True
        # A matrix of one row or column, such as a depthwise kernel's, has no directions to balance.
        if min(matrix_shape(variable)) < 2 or "embedding" in variable.path.lower():
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def _apply_weight_decay(self, variables: Iterable[keras.Variable]) -> None:
        # One decay for all weights; it may have been put into a variable.
        self.adam_weight_decay = self.weight_decay
        super()._apply_weight_decay(variables)

    def _muon_update_step(self, gradient: Any, variable: keras.Variable, lr: Any, m: keras.Variable) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        direction = ops.add(gradient, self.momentum * m) if self.nesterov else ops.convert_to_tensor(m)
        matrix = ops.reshape(direction, matrix_shape(variable))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))


def matrix_shape(variable: keras.Variable) -> tuple[int, int]:
    """Return the numbers of inputs and outputs of a weight viewed as a matrix."""
    split = 1 if len(variable.shape) == 3 and SPLIT_AFTER_FIRST.search(variable.path) else -1
    return math.prod(variable.shape[:split]), math.prod(variable.shape[split:])
