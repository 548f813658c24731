"""Measuring a network on a split."""

from __future__ import annotations

import keras
import numpy as np

from automap.data.batches.batches import evaluation_batches
from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.sample import SplitName
from automap.interfaces.task import Task


def evaluate(
    network: keras.Model,
    task: Task,
    loss: keras.Loss | keras.Layer,
    data: PreparedData,
    split: SplitName,
    batch_size: int,
) -> dict[str, float]:
    """Return the task's metrics on every record of a split, each counted once.

    Among them is the mean ``loss``, unless the task has no such metric: a loss that compares images with classes
    cannot be taken of classes that were never trained on.

    Args:
        network: from raw images to raw outputs.
        task: knows the metrics.
        loss: of prepared targets and outputs.
        data: the data set.
        split: which records.
        batch_size: images a batch.

    Raises:
        TrainingError: if an output is not finite.
    """
    evaluator = task.evaluator(data.info, data.verification_pairs(split))
    total, count = 0.0, 0
    batch_size = min(batch_size, len(data.splits[split]))
    for inputs, targets in evaluation_batches(data, split, batch_size):
        outputs = np.asarray(network.predict_on_batch(inputs))[: len(targets)]
        if not np.isfinite(outputs).all():
            raise TrainingError(f"the network's outputs on the {split} split are not finite")
        evaluator.update(targets, outputs, {name: values[: len(targets)] for name, values in inputs.items()})
        if "loss" in task.metrics:
            target = task.loss_target(task.prepare(targets, data.info))
            total += len(targets) * float(keras.ops.convert_to_numpy(loss(target, outputs)))
            count += len(targets)
    return {**evaluator.compute(), "loss": total / count} if count else evaluator.compute()
