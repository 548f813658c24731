"""Batches for the JAX backend: gathered on the device that holds the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from automap.interfaces.array import Array

Batch = dict[str, Any]


def _take(records: Batch, rows: Array) -> Batch:
    taken: Batch = jax.tree.map(lambda values: values[rows], records)
    return taken


_taken: Any = jax.jit(_take)


class JaxBatches:
    """Records on the device: only indices are transferred for a batch."""

    def __init__(self, inputs: Mapping[str, Array], targets: Array) -> None:
        self._records = jax.device_put({"inputs": dict(inputs), "targets": targets})

    def epoch(self, batches: Array) -> Iterator[tuple[Batch]]:
        """Yield the records of each row of indices ``(steps, batch)``."""
        return ((_taken(self._records, rows),) for rows in batches.astype(np.int32))
