"""How much a network relies on each of its inputs: what its metric loses when an input is permuted."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from automap.data.prepare import PreparedData
from automap.interfaces.array import Array
from automap.interfaces.metric import sign_of
from automap.interfaces.task import Task
from automap.training.evaluate import fixed_sample

MOST_IMAGES, MOST_BYTES = 500, 2**28
"""Validation images that are used."""


def input_importance(network: keras.Model, task: Task, data: PreparedData, metric: str) -> dict[str, float]:
    """Return by how much the metric gets worse on the validation split when the values of an input are permuted.

    Every other input keeps its values, so that an input that another one replaces seems unimportant (Breiman, 2001).

    Args:
        network: from inputs by name to raw outputs.
        task: computes the metric.
        data: the data set; a fixed sample of at most `MOST_IMAGES` validation images is used.
        metric: of the task.

    Returns:
        The loss of the metric by column, the image as ``image``; empty if the image is the only input.
    """
    columns = {name: getattr(each, "column", None) or name for name, each in data.info.inputs.items()}
    if len(columns) == 1:
        return {}
    count = max(2, min(MOST_IMAGES, MOST_BYTES // data.input_bytes))
    records = fixed_sample(np.asarray(data.splits["validation"]), count)
    inputs, targets = data.inputs(records), data.targets[records]

    def score(given: Mapping[str, Array]) -> float:
        evaluator = task.evaluator(data.info)
        evaluator.update(targets, np.asarray(network.predict(given, batch_size=64, verbose=0)), given)
        return evaluator.compute().get(metric, float("nan"))

    whole, order = score(inputs), np.random.default_rng(0).permutation(len(records))
    sign = sign_of(task.metrics[metric].direction)
    losses = {column: sign * (score({**inputs, name: inputs[name][order]}) - whole) for name, column in columns.items()}
    return {column: float(loss) for column, loss in losses.items() if np.isfinite(loss)}


def importance_note(importance: Mapping[str, float], metric: str) -> str:
    """Return a line about the importance of inputs, the most important first."""
    ranked = sorted(importance, key=lambda column: -importance[column])
    shown = ", ".join(f"{column} {importance[column]:+.4f}" for column in ranked)
    return f"importance of the inputs, loss of {metric} when one is permuted: {shown}"
