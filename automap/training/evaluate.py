"""Evaluating a network on a split, with the weights that are meant for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from automap.data.prepare import PreparedData
from automap.spec.kinds import SplitName, Task
from automap.training.backend import as_numpy
from automap.training.model import TrainingModel

CHUNK_RECORDS = 4096
"""Records whose outputs are held in memory at one time."""


def evaluate(
    network: keras.Model, task: Task, data: PreparedData, split: SplitName, batch_size: int
) -> dict[str, float]:
    """Return the task's metrics on every record of a split, each counted once.

    Args:
        network: from raw images to raw outputs.
        task: knows the metrics.
        data: the data set.
        split: which records.
        batch_size: images a step.
    """
    evaluator = task.evaluator(data.info)
    records = data.splits[split]
    for start in range(0, len(records), CHUNK_RECORDS):
        chunk = records[start : start + CHUNK_RECORDS]
        outputs = network.predict(data.images(chunk), batch_size=batch_size, verbose=0)
        evaluator.update(data.targets[chunk], outputs)
    return evaluator.compute()


@contextmanager
def evaluation_weights(model: TrainingModel) -> Iterator[None]:
    """Give the network the weights to evaluate and keep, and the training's own back afterwards.

    They differ from the training's where a moving average is kept, and under a schedule-free optimizer, which
    trains between the average and its newest point (Defazio et al., 2024, arXiv:2405.15682).
    """
    averages = _averages(model)
    if averages is None:
        yield
        return
    weights = model.network.trainable_variables
    own = [as_numpy(weight) for weight in weights]
    for weight, average in zip(weights, averages, strict=True):
        weight.assign(average)
    try:
        yield
    finally:
        for weight, value in zip(weights, own, strict=True):
            weight.assign(value)


def _averages(model: TrainingModel) -> list[object] | None:
    if model.averages:
        return [as_numpy(average) for average in model.averages]
    optimizer = model.optimizer
    if not isinstance(optimizer, keras.optimizers.ScheduleFreeAdamW):
        return None
    # Keras keeps y = (1 - beta) z + beta x in the weights and z in its momentums; x is the average.
    beta = optimizer.beta_1
    pairs = zip(optimizer._trainable_variables, optimizer._momentums, strict=True)
    found = {id(weight): (as_numpy(weight) - (1 - beta) * as_numpy(z)) / beta for weight, z in pairs}
    return [found[id(weight)] for weight in model.network.trainable_variables]
