"""The metrics that a leaderboard can be sorted by, as users name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from sqlalchemy import Engine

from automap.exceptions import PluginError, UserError
from automap.interfaces.metric import Direction
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
    """Read the name of a metric: ``validation.accuracy``, ``cost.latency_ms``, or ``accuracy``, ``latency``.

    Raises:
        UserError: if no result has it; with the nearest names.
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
    """Return every name that results of the studies have; one trial and the finalists tell."""
    found: dict[str, None] = {}
    for study in studies:
        trials = list_results(StudyStore(engine, study.id), kind="search", states=("complete",), limit=1)
        for row in (*trials, *rankings.final_results(engine, [study.id])):
            for group, part in (("validation", row.validation), ("test", row.test or {}), ("cost", row.cost)):
                found |= dict.fromkeys(f"{group}.{name}" for name in part)
    return list(found)


def _advice(text: str, known: Sequence[str]) -> str:
    if not known:
        return "no trial is complete yet"
    near = nearest(text, known, cutoff=0.5)
    bare = {name.partition(".")[2]: name for name in reversed(known)}
    near = near or bare.get(nearest(text, bare, cutoff=0.5) or "")
    return f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"


def _direction(study: StudyRow, group: str, key: str) -> Direction:
    if group == "cost":
        return next((cost.direction for cost in COSTS.values() if cost.key == key), "minimize")
    for objective in study.objectives:
        if objective_measure(objective).name == key:
            return objective.direction
    return _task_direction(study, key)


def _task_direction(study: StudyRow, key: str) -> Direction:
    """Return how the study's task means a metric; its loss, which is none of them, is better when smaller."""
    task = study.spec.get("task") or {}
    name = task if isinstance(task, str) else task.get("type")
    try:
        metrics = cast("type[Task]", load_plugin(Task.group, str(name))).metrics
    except PluginError as error:
        raise UserError(f"--sort: whether a larger '{key}' is better is not known: {error}") from error
    return metrics[key].direction if key in metrics else "minimize"
