"""Batches of decoded records: the training split in a new order each epoch, other splits once in theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from automap.data.balanced import balanced_order
from automap.data.prepare import PreparedData
from automap.data.targets.kind import Values
from automap.exceptions import TrainingError
from automap.spec.kinds import SplitName

Array = np.ndarray[Any, Any]

IN_MEMORY_BYTES = 2**31
"""A training split up to this size is held in memory; a larger one is read from its memory-mapped shards."""

READERS = 2
"""Threads that read batches ahead when the split is not held in memory."""


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """Return the order in which an epoch takes its records, a function of the arguments alone.

    Args:
        count: number of records.
        seed: the trial's seed.
        epoch: the epoch, from 0.

    Returns:
        A permutation of ``0 .. count - 1``, int64.
    """
    return np.random.default_rng((seed, epoch)).permutation(count)


class TrainingBatches:
    """The training split as what ``model.fit`` takes for one epoch after another.

    Batches are full; the records left over at the end of an epoch are others each time, as the order is.

    Args:
        data: the data set.
        batch_size: images a step; a smaller split is one batch.
        seed: the trial's seed.
        per_class: how many images of a class stand together in a batch, for losses that compare the images of a batch;
            None for any mix.
        parts: into how many a batch is divided, which are trained one after another where memory is short.

    Raises:
        TrainingError: if a batch has no room for two classes.
    """

    def __init__(
        self, data: PreparedData, batch_size: int, seed: int, per_class: int | None = None, parts: int = 1
    ) -> None:
        self._data, self._seed, self._per_class = data, seed, per_class
        self._records = np.asarray(data.splits["train"])
        whole = min(batch_size, len(self._records)) // parts
        self.batch_size = whole if per_class is None else whole // per_class * per_class
        """Images a step."""
        if per_class is not None and self.batch_size < 2 * per_class:
            raise TrainingError(
                f"batches of {whole} images cannot hold {per_class} of each of two classes, which the loss compares; "
                "raise training.batch_size or lower the loss's number of images"
            )
        self.steps = parts * (len(self._records) // (parts * self.batch_size))
        """Steps an epoch."""
        targets = data.targets
        record_bytes = int(np.prod(data.info.image_shape)) + int(np.prod(targets.shape[1:])) * targets.dtype.itemsize
        self._resident = self._load() if len(self._records) * record_bytes <= IN_MEMORY_BYTES else None

    def epoch(self, epoch: int) -> Any:
        """Return an epoch's batches, each ``{"images": uint8, "targets": as stored}``.

        Args:
            epoch: the epoch, from 0.
        """
        batches = self._order(epoch)[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)
        if self._resident is None:
            # Ascending order within a batch reads the shards forwards; to a mean over the batch it is the same.
            ordered = np.sort(self._records[batches], axis=1)
            return IndexedBatches(self._data.images, self._data.targets, ordered, READERS)
        return self._resident.epoch(batches)

    def _order(self, epoch: int) -> Array:
        if self._per_class is None:
            return epoch_order(len(self._records), self._seed, epoch)
        return balanced_order(self._data.targets[self._records], self._per_class, self._seed, epoch)

    def _load(self) -> Any:
        images, targets = self._data.images(self._records), self._data.targets[self._records]
        if keras.backend.backend() == "tensorflow":
            from automap.data.tensorflow_batches import TensorFlowBatches

            return TensorFlowBatches(images, targets)
        return ArrayBatches(images, targets)


class IndexedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches that are put together as they are needed, for every backend.

    Args:
        images: returns the images of some records.
        targets: the target of every record.
        batches: the records of each batch, ``(steps, batch)``.
        readers: threads that read ahead; 0 for none.
    """

    def __init__(self, images: Callable[[Array], Array], targets: Values, batches: Array, readers: int = 0) -> None:
        super().__init__(workers=readers, max_queue_size=4 * max(1, readers))
        self._images, self._targets, self._batches = images, targets, batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, step: int) -> tuple[dict[str, Array]]:
        rows = self._batches[step]
        return ({"images": self._images(rows), "targets": self._targets[rows]},)


class ArrayBatches:
    """Records held in memory as arrays."""

    def __init__(self, images: Array, targets: Array) -> None:
        self._images, self._targets = images, targets

    def epoch(self, batches: Array) -> IndexedBatches:
        """Return the records of each row of indices ``(steps, batch)``."""
        return IndexedBatches(self._images.__getitem__, self._targets, batches)


def evaluation_batches(data: PreparedData, split: SplitName, batch_size: int) -> Iterator[tuple[Array, Array]]:
    """Yield every record of a split once, in its order.

    Args:
        data: the data set.
        split: which split.
        batch_size: images a batch.

    Yields:
        Images ``(batch_size, height, width, channels)``, uint8, and the targets of as many of them as count:
        the last batch is filled up with black images, so that one shape is compiled.
    """
    records = np.asarray(data.splits[split])
    for start in range(0, len(records), batch_size):
        rows = records[start : start + batch_size]
        images = data.images(rows)
        if len(rows) < batch_size:
            padding = np.zeros((batch_size - len(rows), *images.shape[1:]), images.dtype)
            images = np.concatenate([images, padding])
        yield images, data.targets[rows]
