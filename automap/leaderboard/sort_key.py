"""Parsing the metric that a leaderboard is sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from sqlalchemy import Engine

from automap.exceptions import PluginError, UserError
from automap.interfaces.metric import Direction, Metric
from automap.interfaces.task import Task
from automap.leaderboard.board import objective_measure
from automap.spec.objectives import COSTS
from automap.spec.plugins import load_plugin
from automap.spec.suggest import nearest
from automap.store import rankings
from automap.store.rankings import Measure
from automap.store.results import list_results
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore


def parse_measure(engine: Engine, studies: Sequence[StudyRow], text: str) -> Measure:
    """Parse the name of a metric: ``validation.accuracy``, ``cost.latency_ms``, or ``accuracy``, ``latency``.

    Raises:
        UserError: if no result has it, with the nearest name, or if its direction is not known.
    """
    known = _known_names(engine, studies)
    name = text
    if name in COSTS:
        name = f"cost.{COSTS[name].key}"
    for group in ("", "validation.", "cost."):
        if f"{group}{name}" in known:
            group, _, key = f"{group}{name}".partition(".")
            return Measure(_group(group), key, _direction(studies[0], group, key))
    raise UserError(f"--sort: no result has the metric '{text}'; {_advice(text, known)}")


def _group(name: str) -> rankings.Group:
    if name not in get_args(rankings.Group):
        raise ValueError(f"expected one of {get_args(rankings.Group)}; received '{name}'")
    return cast("rankings.Group", name)


def _known_names(engine: Engine, studies: Sequence[StudyRow]) -> list[str]:
    """Return the names that one trial and the finalists of each study have."""
    found: dict[str, None] = {}
    for study in studies:
        trials = list_results(StudyStore(engine, study.id), kind="search", states=("complete",), limit=1)
        for row in (*trials, *rankings.final_results(engine, [study.id])):
            for group, part in (("validation", row.validation), ("test", row.test or {}), ("cost", row.cost)):
                found |= dict.fromkeys(f"{group}.{name}" for name in part)
    return list(found)


def _advice(text: str, known: Sequence[str]) -> str:
    if not known:
        return "no trial has completed yet"
    near = nearest(text, known, cutoff=0.5)
    bare = {name.partition(".")[2]: name for name in reversed(known)}
    near = near or bare.get(nearest(text, bare, cutoff=0.5) or "")
    return f"did you mean '{near}'?" if near else f"available: {', '.join(known)}"


def _direction(study: StudyRow, group: str, key: str) -> Direction:
    if group == "cost":
        return next((cost.direction for cost in COSTS.values() if cost.key == key), "minimize")
    for objective in study.objectives:
        if objective_measure(objective).name == key:
            return objective.direction
    return _task_direction(study, key)


def _task_direction(study: StudyRow, key: str) -> Direction:
    """Return the direction that the study's task declares for a metric, or for a metric of one class."""
    data = study.spec.get("task") or {}
    name = data if isinstance(data, str) else data.get("type")
    try:
        task = cast("type[Task]", load_plugin(Task.group, str(name)))
    except PluginError as error:
        raise UserError(f"--sort: cannot tell whether larger values of '{key}' are better: {error}") from error
    found = task.metrics.get(key) or _metric_of_class(task, key) or _OTHERS.get(key)
    if found is None:
        raise UserError(
            f"--sort: cannot tell whether larger values of '{key}' are better: task '{name}' has no such metric"
        )
    return found.direction


_OTHERS = {"loss": Metric("minimize", "the training loss; set by the training")}


def _metric_of_class(task: type[Task], key: str) -> Metric | None:
    """Return the metric of a name such as ``iou_cat``; the longest that fits, since classes may have any name."""
    known = {**task.metrics, **task.class_metrics}
    return next((known[name] for name in sorted(known, key=len, reverse=True) if key.startswith(f"{name}_")), None)
