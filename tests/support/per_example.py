"""Steps with per-example gradients, on the backend of the environment; printed as JSON."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
from keras import ops
from support.arrays import digits
from support.candidates import candidate

from automap.training.build import BatchPlan, build_model
from automap.training.extras import TrainingExtras

NORM = 0.05
"""Largest norm of a clipped gradient."""
SGD = {"type": "sgd", "learning_rate": 1.0, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False}
ARCHITECTURE = {"type": "cnn", "filters": [8], "dense": 16, "dropout": 0.0}


def mean(gradients: list[Any]) -> list[Any]:
    """Return the mean over the examples."""
    return [ops.mean(each, axis=0) for each in gradients]


def clipped_mean(gradients: list[Any]) -> list[Any]:
    """Return the mean of the gradients, each of which has at most the norm `NORM`."""
    squares = sum(ops.sum(ops.square(ops.reshape(each, (each.shape[0], -1))), axis=1) for each in gradients)
    factors = ops.minimum(1.0, NORM / ops.sqrt(squares))
    return [ops.einsum("b,b...->...", factors, each) / each.shape[0] for each in gradients]


def spread(gradients: list[Any]) -> list[Any]:
    """Return the range over the examples: zero where all have the same gradient."""
    return [ops.max(each, axis=0) - ops.min(each, axis=0) for each in gradients]


def step(architecture: Any = ARCHITECTURE, records: Any = range(16), **options: Any) -> np.ndarray:
    """Return how one step of a batch changes the weights: with a learning rate of 1, the negative gradient."""
    keras.utils.set_random_seed(0)
    data = digits(300)
    chosen = candidate(architecture, optimizer=SGD, schedule="constant", warmup=0, gradient_clip=None)
    model = build_model(chosen, data, BatchPlan(16, 4), TrainingExtras(**options))
    before = [np.array(weight) for weight in model.trainable_variables]
    rows = np.array(records)
    model.train_on_batch({"inputs": data.inputs(rows), "targets": data.targets[rows]})
    return np.concatenate(
        [(np.array(now) - then).ravel() for now, then in zip(model.trainable_variables, before, strict=True)]
    )


def pull(inputs: Any, outputs: Any) -> Any:
    """Pull the outputs to zero: a second loss."""
    return ops.mean(ops.square(outputs)) + 0 * ops.mean(inputs["image"])


def measured() -> dict[str, float]:
    """Return how far the steps are apart."""
    batch, examples = step(), step(combine_gradients=mean)
    pulled = step(second_loss=pull), step(second_loss=pull, combine_gradients=mean)
    dropping = {**ARCHITECTURE, "dropout": 0.5}
    return {
        "size": float(np.linalg.norm(batch)),
        "difference": float(np.abs(batch - examples).max()),
        "difference_with_second_loss": float(np.abs(pulled[0] - pulled[1]).max()),
        "second_loss": float(np.abs(pulled[0] - batch).max()),
        "clipped": float(np.linalg.norm(step(combine_gradients=clipped_mean))),
        "same_example": float(np.abs(step(records=[3] * 16, combine_gradients=spread)).max()),
        "same_example_with_dropout": float(np.abs(step(dropping, [3] * 16, combine_gradients=spread)).max()),
    }


if __name__ == "__main__":
    print("\n" + json.dumps(measured()))
