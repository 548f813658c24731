"""Batches of records in memory for the TensorFlow backend: gathered and prefetched outside of Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, Any]

PREFETCHED = 4
"""Batches made ahead of the step."""


class TensorFlowBatches:
    """Records held as tensors."""

    def __init__(self, images: Array, targets: Array) -> None:
        with tf.device("CPU"):
            self._records = {"images": tf.constant(images), "targets": tf.constant(targets)}

    def epoch(self, batches: Array) -> tf.data.Dataset:
        """Return the records of each row of indices ``(steps, batch)``."""
        records = self._records
        dataset = tf.data.Dataset.from_tensor_slices(batches)
        dataset = dataset.map(lambda rows: {name: tf.gather(values, rows) for name, values in records.items()})
        return dataset.prefetch(PREFETCHED)
