"""Copying a study to an experiment-tracking tool."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from automap.exceptions import UserError
from automap.interfaces.tracker import TrackedPoint, TrackedStudy, TrackedTrial, Tracker
from automap.leaderboard.board import Row
from automap.report.curve import evaluations
from automap.report.hyperparameters import flat_candidate
from automap.report.study_data import StudyData, TrialData, read_study_data
from automap.spec.plugins import load_plugin
from automap.store.studies import StudyRow


def load_tracker(name: str) -> Tracker:
    """Return the tracker of a name.

    Raises:
        PluginError: if there is none, or it is broken.
        UserError: if a package that it needs is not installed.
    """
    tracker = cast(type[Tracker], load_plugin(Tracker.group, name))()
    missing = [package for package in tracker.packages if find_spec(package) is None]
    if missing:
        raise UserError(
            f"{name} needs more packages ({', '.join(missing)}); install them with: pip install 'automap[track]'"
        )
    return tracker


def write_tracked(engine: Engine, study: StudyRow, tracker: Tracker, folder: Path) -> int:
    """Copy a study to an empty folder in a tool's format; return the number of trials written.

    Trials that have not started yet are left out.

    Raises:
        UserError: if the folder is not empty or cannot be written.
        StorageError: if the database cannot be read.
    """
    tracked = _tracked_study(read_study_data(engine, study))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; choose another folder with --output")
        tracker.write(tracked, folder)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    return len(tracked.trials)


def _tracked_study(data: StudyData) -> TrackedStudy:
    trials = [trial for each in data.trials if (trial := _tracked_trial(each)) is not None]
    return TrackedStudy(data.study.name, trials)


def _tracked_trial(trial: TrialData) -> TrackedTrial | None:
    if trial.run.started_at is None:
        return None
    ended = None if trial.result is None else _in_utc(trial.result.finished_at)
    return TrackedTrial(
        number=trial.run.trial,
        state=trial.state,
        hyperparameters={name: _scalar(value) for name, value in flat_candidate(trial.run.candidate)},
        curve=[
            TrackedPoint(images, _finite(values)) for images, values in evaluations(trial.result, trial.measurements)
        ],
        metrics=dict(_metrics(trial.row)),
        started_at=_in_utc(trial.run.started_at),
        ended_at=ended,
    )


def _metrics(row: Row | None) -> Iterator[tuple[str, float]]:
    if row is None:
        return
    for part, values in (("validation", row.validation), ("test", row.test)):
        for name, value in (values or {}).items():
            yield f"{part}.{name}", value.mean
    for name, cost in (row.cost or {}).items():
        yield f"cost.{name}", float(cost)


def _finite(values: Mapping[str, object]) -> dict[str, float]:
    return {
        name: float(value) for name, value in values.items() if isinstance(value, int | float) and math.isfinite(value)
    }


def _scalar(value: object) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
