"""Batches for the JAX backend: gathered on the device, where the records lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

Array = np.ndarray[Any, Any]


def _take(records: dict[str, jax.Array], rows: Array) -> dict[str, jax.Array]:
    return {name: values[rows] for name, values in records.items()}


_taken: Any = jax.jit(_take)


class JaxBatches:
    """Records held on the device: a batch costs the transfer of its indices."""

    def __init__(self, images: Array, targets: Array) -> None:
        self._records = jax.device_put({"images": images, "targets": targets})

    def epoch(self, batches: Array) -> Iterator[tuple[dict[str, jax.Array]]]:
        """Yield the records of each row of indices ``(steps, batch)``."""
        return ((_taken(self._records, rows),) for rows in batches.astype(np.int32))
