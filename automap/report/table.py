"""The table of all trials, sorted and filtered in the browser."""

from __future__ import annotations

from typing import Any

from automap.leaderboard.board import objective_measure
from automap.leaderboard.formatting import SEPARATOR, differing_tokens, format_measured
from automap.report.study_data import StudyData, TrialData
from automap.store.rankings import Measure

_COSTS = ("parameters", "latency_ms", "size_bytes", "train_seconds")
_TITLES = {"latency_ms": "latency", "size_bytes": "size", "train_seconds": "training"}


def trial_table(data: StudyData) -> dict[str, Any]:
    """Return columns and rows, ranked trials first.

    Each row has its ``trial``, ``state`` and ``cells``; a cell is what is shown and what it is sorted by.
    """
    measures = [objective_measure(objective) for objective in data.study.objectives]
    tests = [Measure("test", measure.name, measure.direction) for measure in measures if measure.group != "cost"]
    costs = [Measure("cost", name, "minimize") for name in _COSTS]
    costs = [cost for cost in costs if cost not in measures]
    shown = [*measures, *tests, *costs]
    titles = ["rank", "trial", "state", *map(_title, shown), "epochs", "hyperparameters"]
    trials = sorted(data.trials, key=_order)
    tokens = differing_tokens([trial.run.candidate for trial in trials])
    rows = []
    for trial, words in zip(trials, tokens, strict=True):
        rank = None if trial.row is None else trial.row.rank
        cells: list[Any] = [_cell(rank, ""), _cell(trial.run.trial), [trial.state, trial.state]]
        cells += [_measured(data, trial, measure) for measure in shown]
        reason = [] if trial.row is None or not trial.row.reason else [trial.row.reason]
        text = SEPARATOR.join([*reason, *words])
        cells += [_cell(trial.run.epoch), [text, text]]
        rows.append({"trial": trial.run.trial, "state": trial.state, "cells": cells})
    return {"columns": titles, "rows": rows}


def _title(measure: Measure) -> str:
    name = _TITLES.get(measure.name, measure.name).replace("_", " ")
    return f"test {name}" if measure.group == "test" else name


def _order(trial: TrialData) -> tuple[bool, int, int]:
    rank = None if trial.row is None else trial.row.rank
    return rank is None, rank or 0, trial.run.trial


def _cell(value: int | None, nothing: str = "–") -> list[Any]:
    return [nothing if value is None else str(value), value]


def _measured(data: StudyData, trial: TrialData, measure: Measure) -> list[Any]:
    if trial.row is not None:
        found = trial.row.measured(measure)
        return [format_measured(measure, found), None if found is None else found.mean]
    if measure == data.objective and trial.value is not None:
        return [f"{trial.value:.4f}", trial.value]
    return ["–", None]
