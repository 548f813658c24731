"""Evaluators that need a whole split at once."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.metric import Evaluator


class CollectingEvaluator(Evaluator, ABC):
    """Keeps the targets and outputs of all batches."""

    def __init__(self) -> None:
        self._targets: list[Array] = []
        self._outputs: list[Array] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch of targets and raw outputs."""
        kept, given = self.converted(targets, outputs)
        self._targets.append(kept)
        self._outputs.append(given)

    def converted(self, targets: Array, outputs: Array) -> tuple[Array, Array]:
        """Return what to keep of a batch: the targets and outputs of the metrics."""
        return np.asarray(targets), np.asarray(outputs, np.float32)

    def collected(self) -> tuple[Array, Array]:
        """Return the targets and outputs of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        return np.concatenate(self._targets), np.concatenate(self._outputs)
