"""Fine-tuning a network that no candidate builds: after pruning, or with simulated quantization."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from automap.data.batches.batches import TrainingBatches
from automap.data.prepare import PreparedData
from automap.interfaces.array import Array
from automap.interfaces.metric import sign_of
from automap.spec.candidate import Candidate
from automap.training.build import BatchPlan, build_optimizer, compile_model, fit_statistics, spare_from_decay
from automap.training.evaluate import evaluate
from automap.training.extras import SecondLoss
from automap.training.fit import fit_batches
from automap.training.model import Parts

LEARNING_RATE = 0.3
"""Factor of the candidate's learning rate: the network is trained already."""

Report = Callable[[int, int, dict[str, float]], None]
"""Called with the epoch, the number of epochs, and the validation metrics."""


def tuning_candidate(candidate: Candidate, epochs: int) -> Candidate:
    """Return a candidate with the settings of fine-tuning: a cosine schedule, no averaging, nothing frozen."""
    changed = {"epochs": epochs, "schedule": "cosine", "ema": None, "freeze": "none", "warmup": 0.0}
    optimizer = candidate.optimizer.model_copy(
        update={"learning_rate": LEARNING_RATE * candidate.optimizer.learning_rate}
    )
    training = candidate.training.model_copy(update=changed)
    return candidate.model_copy(update={"training": training, "optimizer": optimizer})


def fine_tune(
    network: keras.Model,
    candidate: Candidate,
    data: PreparedData,
    seed: int,
    report: Report,
    second_loss: SecondLoss | None = None,
) -> dict[str, float]:
    """Train a network and leave it with its best weights; return its validation metrics.

    Args:
        network: from inputs by name to raw outputs; changed in place.
        candidate: its task, loss, augmentation, optimizer and training settings are used.
        data: the data set.
        seed: of the order of the data and of augmentation.
        report: called after each epoch.
        second_loss: added to the candidate's loss.

    Raises:
        TrainingError: if the loss or a weight is no longer finite.
    """
    keras.utils.set_random_seed(seed)
    batches = TrainingBatches(data, candidate.training.batch_size, seed, candidate.loss.images_per_class)
    plan = BatchPlan(batches.batch_size, batches.steps)
    optimizer = build_optimizer(candidate, candidate.training.epochs * batches.steps)
    spare_from_decay(optimizer, network)
    fit_statistics(network, batches.steps)
    augmentations = [layer for augmentation in candidate.augmentation for layer in augmentation.build()]
    parts = Parts(network, augmentations, candidate.loss.build(data.info), optimizer, second_loss)
    model = compile_model(parts, candidate, data, plan)
    records = np.asarray(data.splits["validation"])
    metric = candidate.task.default_objective
    sign = sign_of(candidate.task.metrics[metric].direction)
    model.statistics.estimate(data, batches.batch_size)
    best = evaluate(model, data, "validation", records, batches.batch_size).metrics
    weights: list[Array] = network.get_weights()
    for epoch in range(candidate.training.epochs):
        fit_batches(model, batches, epoch, (0, batches.steps))
        found = evaluate(model, data, "validation", records, batches.batch_size).metrics
        if sign * found[metric] <= sign * best[metric]:
            best, weights = found, network.get_weights()
        report(epoch + 1, candidate.training.epochs, found)
    network.set_weights(weights)
    return best
