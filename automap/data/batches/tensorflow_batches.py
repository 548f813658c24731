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
    """Wrap batches from a Python iterable for the backend.

    Args:
        batches: iterated once for each pass over the data set.
        example: a batch of the same shapes and types.
    """
    signature = tf.nest.map_structure(lambda values: tf.TensorSpec(values.shape, values.dtype), example)
    return _ahead(tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature))


def _ahead(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetch batches, without the autotuner of ``tf.data``.

    The tuner (TensorFlow 2.21) sleeps for 10 ms, then twice as long each time, and the end of an epoch waits for it to
    wake up: on one core an epoch of 1.42 s took 2.56 s. There is nothing to tune here.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(PREFETCHED).with_options(options)
