"""Making an ensemble: choose its members, judge it, and write it as one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from automap.data.batches.batches import evaluation_batches
from automap.data.prepare import PreparedData
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.metric import sign_of
from automap.interfaces.sample import SplitName
from automap.interfaces.task import Task
from automap.models.ensemble.library import Library, Member, described, fit_temperature, read_library
from automap.models.ensemble.network import ensemble_network
from automap.models.ensemble.select import Limit, Weights, folds, select
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.spec.space import component_data
from automap.store.result import Result
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.model_io import save_network
from automap.training.samples import save_samples

BATCH = 64
CALIBRATED = frozenset({"label", "labels", "mask"})
"""Kinds of target whose outputs are logits of probabilities, if the outputs have the classes as their last axis."""


class Made(NamedTuple):
    """An ensemble that was written."""

    result: Result
    members: list[Mapping[str, Any]]
    """Trial, seed and weight of each."""
    temperature: float


def make_ensemble(members: Sequence[Member], data: PreparedData, metric: str, limit: Limit, directory: Path) -> Made:
    """Choose members, judge the ensemble, and write it into a folder as one model.

    Args:
        members: the runs to choose from; the first one is the winner.
        data: the study's data set. The test split plays no part in the choice.
        metric: the metric to choose by.
        limit: what the ensemble may cost.
        directory: an existing folder.

    Raises:
        UserError: if the task's outputs cannot be combined, no two models have outputs on the same images, or no two
            models together are better than one.
    """
    library = read_library(members)
    first = load_model(library.members[0].folder)
    judge = _Judge(library, data, first.task, metric)
    rows = np.arange(len(library.records))
    latencies = [member.latency_ms for member in library.members]
    try:
        weights = select(judge.score, latencies, rows, limit)
    except NotImplementedError:
        raise UserError("this task has no ensembles: its outputs cannot be combined") from None
    if len(weights) < 2:
        raise UserError("no ensemble within the limit is better on the validation split than its best member alone")
    expected = _cross_fitted(judge, latencies, limit)
    temperature = judge.temperature(weights, rows)
    models = [first if place == 0 else load_model(library.members[place].folder) for place in weights]
    return _write(models, library, weights, temperature, expected, data, directory)


class _Judge:
    """Scores ensembles of a library on validation images."""

    def __init__(self, library: Library, data: PreparedData, task: Task, metric: str) -> None:
        self._library, self._data, self._task, self._metric = library, data, task, metric
        self._sign = -sign_of(task.metrics[metric].direction)
        self._targets = np.asarray(data.targets[library.records])

    def score(self, weights: Weights, rows: Array) -> float:
        """Return the metric of an ensemble, larger being better; minus infinity if it is not defined."""
        value = self.metrics(weights, rows, 1.0).get(self._metric, np.nan)
        return self._sign * value if np.isfinite(value) else -np.inf

    def metrics(self, weights: Weights, rows: Array, temperature: float) -> dict[str, float]:
        """Return all metrics of an ensemble on some images."""
        outputs, shares = self._library.chosen(weights, rows)
        combined = np.asarray(self._task.combine(outputs, shares, temperature))
        task = self._task.of_ensemble([each.shape[1] for each in outputs], shares)
        evaluator = task.evaluator(self._data.info)
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            inputs = self._data.inputs(self._library.records[part])
            evaluator.update(self._targets[part], combined[start : start + BATCH], inputs)
        return evaluator.compute()

    def temperature(self, weights: Weights, rows: Array) -> float:
        """Return the temperature that fits an ensemble best on some images; 1 where outputs are not logits."""
        target = self._data.info.target
        outputs, shares = self._library.chosen(weights, rows)
        classes = len(getattr(target, "classes", ()))
        if target.kind not in CALIBRATED or any(each.shape[-1] != classes for each in outputs):
            return 1.0
        combined = np.asarray(self._task.combine(outputs, shares, 1.0))
        return fit_temperature(combined, self._targets[rows], target.kind)


def _cross_fitted(judge: _Judge, latencies: Sequence[float], limit: Limit) -> dict[str, float]:
    """Return metrics on images that neither the choice nor the temperature has seen: means over the folds."""
    found: list[tuple[int, dict[str, float]]] = []
    for rest, held_out in folds(len(judge._targets)):
        weights = select(judge.score, latencies, rest, limit)
        found.append((len(held_out), judge.metrics(weights, held_out, judge.temperature(weights, rest))))
    names = [name for name in found[0][1] if all(name in metrics for _, metrics in found)]
    total = sum(count for count, _ in found)
    return {name: sum(count * metrics[name] for count, metrics in found) / total for name in names}


def _write(
    models: Sequence[LoadedModel],
    library: Library,
    weights: Weights,
    temperature: float,
    expected: dict[str, float],
    data: PreparedData,
    directory: Path,
) -> Made:
    shares = list(weights.values())
    task = models[0].task
    network = ensemble_network([model.runtime.network for model in models], task, shares, temperature)  # type: ignore[attr-defined]
    sizes = [library.outputs[place].shape[1] for place in weights]
    combined = task.of_ensemble(sizes, shares)
    card = models[0].card
    candidate = {**card.candidate, "task": component_data(combined), "ensemble": described(library.members, weights)}
    result = Result(
        state="complete",
        validation=expected,
        test=_measured(network, combined, data, "test"),
        cost={**static_costs(network), **latency_costs(network)},
        artifacts=directory.name,
    )
    save_samples(directory, data)
    size = save_network(directory, network, card.model_copy(update={"candidate": candidate, "metrics": expected}))
    cost = {**result.cost, "size_bytes": float(size)}
    return Made(result.model_copy(update={"cost": cost}), described(library.members, weights), temperature)


def _measured(network: keras.Model, task: Task, data: PreparedData, split: SplitName) -> dict[str, float]:
    records = np.asarray(data.splits[split])
    evaluator = task.evaluator(data.info, data.verification_pairs(split))
    for inputs, targets in evaluation_batches(data, records, min(BATCH, len(records))):
        outputs = np.asarray(network.predict_on_batch(inputs))[: len(targets)]
        evaluator.update(targets, outputs, {name: values[: len(targets)] for name, values in inputs.items()})
    return evaluator.compute()
