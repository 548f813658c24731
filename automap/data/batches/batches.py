"""Batches of decoded records: the training split shuffled each epoch, other splits in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from automap.data.batches.balanced import balanced_order
from automap.data.batches.orders import epoch_order, windowed_order
from automap.data.batches.streamed import StreamedBatches
from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.array import Array

IN_MEMORY_BYTES = 2**30
"""Largest training split that is kept in memory; larger ones are read from memory-mapped shards."""

WINDOW_BYTES = 2**27
"""Size of the windows that are read together and shuffled."""
BLOCK_BYTES = 2**18
"""Size of contiguous reads; larger ones do not increase the throughput of disks."""


class TrainingBatches:
    """The batches of the training split, epoch by epoch, in the form that ``model.fit`` takes.

    Batches are always full; the records that are left over differ from epoch to epoch, because the order does.

    Args:
        data: the data set.
        batch_size: images per step; a smaller split is one batch.
        seed: the trial's seed.
        per_class: images of each class in a batch, for losses that compare the images of a batch; None
            for any mix.
        parts: number of parts into which batches are divided to save memory.

    Raises:
        TrainingError: if a batch cannot hold two classes.
    """

    def __init__(
        self, data: PreparedData, batch_size: int, seed: int, per_class: int | None = None, parts: int = 1
    ) -> None:
        self._data, self._seed, self._per_class = data, seed, per_class
        self._records = np.asarray(data.splits["train"])
        whole = min(batch_size, len(self._records)) // parts
        self.batch_size = whole if per_class is None else whole // per_class * per_class
        """Images per step."""
        if per_class is not None and self.batch_size < 2 * per_class:
            raise TrainingError(
                f"batches of {whole} images cannot hold {per_class} images of each of two classes, as the loss needs; "
                "raise training.batch_size or lower the loss's images_per_class"
            )
        self.steps = parts * (len(self._records) // (parts * self.batch_size))
        """Steps per epoch."""
        targets = data.targets
        self._record_bytes = data.input_bytes + int(np.prod(targets.shape[1:])) * targets.dtype.itemsize
        fits = len(self._records) * self._record_bytes <= IN_MEMORY_BYTES
        self._resident = self._load() if fits else None

    def epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> Any:
        """Return an epoch's batches, or some of them, each ``{"inputs": by name, "targets": as stored}``, once.

        Args:
            epoch: the epoch, from 0.
            start: the first batch, from 0.
            stop: the batch after the last one; None for the end of the epoch.
        """
        batches = self._order(epoch)[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)[start:stop]
        return self._streamed(self._records[batches]) if self._resident is None else self._resident.epoch(batches)

    @property
    def _window(self) -> int:
        """Batches per window."""
        return max(1, WINDOW_BYTES // (self._record_bytes * self.batch_size))

    def _order(self, epoch: int) -> Array:
        count = len(self._records)
        if self._per_class is not None:
            return balanced_order(self._data.targets[self._records], self._per_class, self._seed, epoch)
        if self._resident is not None:
            return epoch_order(count, self._seed, epoch)
        block = max(1, BLOCK_BYTES // self._record_bytes)
        return windowed_order(count, self._seed, epoch, block=block, window=self._window * self.batch_size)

    def _load(self) -> Any:
        inputs, targets = self._data.inputs(self._records), self._data.batch_targets(self._records)
        match keras.backend.backend():
            case "tensorflow":
                from automap.data.batches.tensorflow_batches import TensorFlowBatches

                return TensorFlowBatches(inputs, targets)
            case "jax":
                from automap.data.batches.jax_batches import JaxBatches

                return JaxBatches(inputs, targets)
        return ArrayBatches(inputs, targets)

    def _streamed(self, batches: Array) -> Any:
        streamed = StreamedBatches(self._data.inputs, self._data.batch_targets, batches, self._window)
        if keras.backend.backend() != "tensorflow":
            return ((batch,) for batch in streamed)
        from automap.data.batches.tensorflow_batches import as_dataset

        target = self._data.batch_targets(self._records[:1])
        example = {
            "inputs": {
                name: np.empty((self.batch_size, *each.shape), each.dtype)
                for name, each in self._data.info.inputs.items()
            },
            "targets": np.empty((self.batch_size, *target.shape[1:]), target.dtype),
        }
        return as_dataset(streamed, example)


class ArrayBatches:
    """Records in memory, as arrays."""

    def __init__(self, inputs: Mapping[str, Array], targets: Array) -> None:
        self._inputs, self._targets = inputs, targets

    def epoch(self, batches: Array) -> Iterator[tuple[dict[str, Any]]]:
        """Yield the records of each row of indices ``(steps, batch)``."""
        for rows in batches:
            yield (
                {"inputs": {name: each[rows] for name, each in self._inputs.items()}, "targets": self._targets[rows]},
            )


def evaluation_batches(data: PreparedData, records: Array, batch_size: int) -> Iterator[tuple[dict[str, Array], Array]]:
    """Yield some records once, in their order.

    Args:
        data: the data set.
        records: indices of the records.
        batch_size: images in a batch.

    Yields:
        The inputs by name, ``(batch_size, …)``, and the targets of as many of them as count: the last batch is padded
        with zeros, so that only one shape is compiled.
    """
    for start in range(0, len(records), batch_size):
        rows = records[start : start + batch_size]
        inputs = {name: _padded(values, batch_size) for name, values in data.inputs(rows).items()}
        yield inputs, data.targets[rows]


def _padded(values: Array, size: int) -> Array:
    if len(values) == size:
        return values
    return np.concatenate([values, np.zeros((size - len(values), *values.shape[1:]), values.dtype)])
