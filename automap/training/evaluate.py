"""Evaluating a network on a split."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from automap.data.batches.batches import evaluation_batches
from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, NumbersInfo
from automap.interfaces.sample import SplitName
from automap.interfaces.task import Task
from automap.training.model import TrainingModel

KEPT_BYTES = 2**28
"""If raw outputs take more bytes, they are kept for a fixed random sample of the records only."""

SMALLEST_SAMPLE = 2000
"""Smallest number of validation images in an early evaluation."""
SAMPLE_SHARE = 0.1
"""Validation images of an early evaluation, as a share of the training images seen: a forward pass takes a third of a
training step's time, so that evaluating takes 3% of the time of training."""


@dataclass(frozen=True)
class Evaluated:
    """The outcome of an evaluation."""

    metrics: dict[str, float]
    outputs: Array
    """Raw outputs of the kept records, ``(kept, ...)``: float16; float32 where they are standardised numbers."""
    records: Array
    """Indices of the kept records in the data set, ``(kept,)``."""
    count: int
    """Records that were evaluated."""


def evaluate(model: TrainingModel, data: PreparedData, split: SplitName, records: Array, batch_size: int) -> Evaluated:
    """Compute the task's metrics on records of a split, each counted once.

    They include the mean ``loss`` if the task has such a metric: a loss that compares images with classes
    is undefined for classes that are never trained on.

    Args:
        model: the model; its network is evaluated.
        data: the data set.
        split: the split that the records belong to; decides which pairs are compared.
        records: indices of the records, ``(count,)``.
        batch_size: images in a batch.

    Raises:
        TrainingError: if an output is not finite.
    """
    task = model.task
    evaluator = task.evaluator(data.info, data.verification_pairs(split))
    kept = _Kept(len(records), data.info)
    total, batch_size = 0.0, min(batch_size, len(records))
    for start, (inputs, targets) in enumerate(evaluation_batches(data, records, batch_size)):
        outputs = np.asarray(model.network.predict_on_batch(inputs))[: len(targets)]
        if not np.isfinite(outputs).all():
            raise TrainingError(f"the network's outputs on the {split} split are not finite")
        evaluator.update(targets, outputs, {name: values[: len(targets)] for name, values in inputs.items()})
        kept.add(outputs, start * batch_size)
        if "loss" in task.metrics:
            rows = records[start * batch_size : start * batch_size + len(targets)]
            target = task.loss_target(task.prepare(data.batch_targets(rows), data.info))
            total += len(targets) * float(keras.ops.convert_to_numpy(model.training_loss(target, outputs)))
    metrics = evaluator.compute()
    if "loss" in task.metrics:
        metrics = {**metrics, "loss": total / len(records)}
    return Evaluated(metrics, kept.outputs, records[kept.places], len(records))


def evaluated(
    task: Task, loss: keras.Loss | keras.Layer, data: PreparedData, split: SplitName, records: Array, outputs: Array
) -> Evaluated:
    """Compute the task's metrics from raw outputs that are there already.

    Args:
        task: computes the metrics, without looking at the inputs.
        loss: of prepared targets and outputs.
        data: the data set.
        split: the split that the records belong to.
        records: indices of the records, ``(count,)``.
        outputs: their raw outputs, ``(count, …)``, float32.

    Raises:
        TrainingError: if an output is not finite.
    """
    if not np.isfinite(outputs).all():
        raise TrainingError(f"the network's outputs on the {split} split are not finite")
    evaluator = task.evaluator(data.info, data.verification_pairs(split))
    evaluator.update(data.targets[records], outputs, {})
    kept = _Kept(len(records), data.info)
    kept.add(outputs, 0)
    target = task.loss_target(task.prepare(data.batch_targets(records), data.info))
    mean_loss = float(keras.ops.convert_to_numpy(loss(target, outputs)))
    return Evaluated({**evaluator.compute(), "loss": mean_loss}, kept.outputs, records[kept.places], len(records))


class _Kept:
    """Outputs to keep, at most `KEPT_BYTES` of them."""

    def __init__(self, count: int, info: DataInfo) -> None:
        self._count = count
        # Float16 would round standardised numbers to a 2,000th of their standard deviation.
        self._dtype = np.float32 if isinstance(info.target, NumbersInfo) else np.float16
        self._parts: list[Array] = []
        self.places: Array = np.arange(0)

    def add(self, outputs: Array, start: int) -> None:
        """Keep the outputs of a batch that belong to the sample."""
        if not self._parts:
            size = max(1, int(np.prod(outputs.shape[1:])) * np.dtype(self._dtype).itemsize)
            self.places = fixed_sample(np.arange(self._count), KEPT_BYTES // size)
        first, last = np.searchsorted(self.places, [start, start + len(outputs)])
        limits = np.finfo(self._dtype)
        chosen = np.clip(outputs[self.places[first:last] - start], limits.min, limits.max)
        self._parts.append(chosen.astype(self._dtype))

    @property
    def outputs(self) -> Array:
        """The kept outputs in the order of the records."""
        return np.concatenate(self._parts)


def fixed_sample(records: Array, size: int) -> Array:
    """Return a fixed random sample of at most `size` records, in their order."""
    if len(records) <= size:
        return records
    chosen = np.random.default_rng(0).permutation(len(records))[:size]
    return records[np.sort(chosen)]


def early_sample(records: Array, images: int) -> Array:
    """Return the records to evaluate on; early in training these are a fixed sample.

    The sample depends only on the training images seen, so that trials are compared on the same records at a rung.
    """
    return fixed_sample(records, max(SMALLEST_SAMPLE, round(SAMPLE_SHARE * images)))
