"""Batches for the TensorFlow backend: gathered or read outside the thread of the train step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from automap.interfaces.array import Array

Batch = dict[str, Any]

PREFETCHED = 4
"""Batches that are prepared in advance."""


class TensorFlowBatches:
    """Records in memory, as tensors."""

    def __init__(self, inputs: Mapping[str, Array], targets: Array) -> None:
        with tf.device("CPU"):
            self._records = {
                "inputs": {name: tf.constant(values) for name, values in inputs.items()},
                "targets": tf.constant(targets),
            }

    def epoch(self, batches: Array) -> tf.data.Dataset:
        """Return the records of each row of indices ``(steps, batch)``."""
        records = self._records
        dataset = tf.data.Dataset.from_tensor_slices(batches)
        return _ahead(dataset.map(lambda rows: tf.nest.map_structure(lambda values: tf.gather(values, rows), records)))


def as_dataset(batches: Iterable[Batch], example: Batch) -> tf.data.Dataset:
    """Return batches that Python makes as what the backend takes.

    Args:
        batches: gone through once for each pass over the data set.
        example: a batch of the same shapes and types.
    """
    signature = tf.nest.map_structure(lambda values: tf.TensorSpec(values.shape, values.dtype), example)
    return _ahead(tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature))


def _ahead(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Make batches ahead of the step, and let go of the data set without delay.

    The tuner of ``tf.data`` (2.21) looks after 10 ms, then after twice as long each time, and whoever ends an epoch
    waits until it looks again: on one core 2.56 s for an epoch of 1.42 s. There is nothing here to be tuned.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(PREFETCHED).with_options(options)
