"""Runs for MLflow: one for each trial, in a local tracking database."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.tracker import TrackedStudy, TrackedTrial, Tracker

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_LONGEST_VALUE = 6000
"""Characters that MLflow accepts as the value of a parameter."""

_METRICS, _PARAMETERS = 1000, 100
"""Entries that MLflow accepts in one call."""


class MLflow(Tracker):
    """Writes ``mlflow.db``; show it with ``mlflow ui --backend-store-uri sqlite:///mlflow.db``."""

    packages: ClassVar[Sequence[str]] = ("mlflow", "sqlparse")

    def write(self, study: TrackedStudy, folder: Path) -> None:
        """Write an experiment named after the study, with a run for each trial; see `Tracker.write`."""
        from mlflow.tracking import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        client = MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').resolve()}")
        experiment = client.create_experiment(study.name, artifact_location=(folder / "artifacts").resolve().as_uri())
        for trial in study.trials:
            _write_trial(client, experiment, trial)


def _write_trial(client: MlflowClient, experiment: str, trial: TrackedTrial) -> None:
    from mlflow.entities import Metric, Param

    started = _milliseconds(trial.started_at)
    ended = started if trial.ended_at is None else _milliseconds(trial.ended_at)
    tags = {"mlflow.runName": f"trial {trial.number}", "automap.state": trial.state}
    run = client.create_run(experiment, start_time=started, tags=tags).info.run_id
    points = [(point.metrics, started, point.images) for point in trial.curve]
    last = trial.curve[-1].images if trial.curve else 0
    metrics = [
        Metric(_plain(name), value, time, step)
        for values, time, step in [*points, (trial.metrics, ended, last)]
        for name, value in values.items()
    ]
    parameters = [Param(_plain(name), str(value)[:_LONGEST_VALUE]) for name, value in trial.hyperparameters.items()]
    for start in range(0, len(metrics), _METRICS):
        client.log_batch(run, metrics=metrics[start : start + _METRICS])
    for start in range(0, len(parameters), _PARAMETERS):
        client.log_batch(run, params=parameters[start : start + _PARAMETERS])
    client.set_terminated(run, _status(trial), end_time=ended)


def _plain(name: str) -> str:
    """Return a name of characters that MLflow accepts: ``augmentation[0]`` becomes ``augmentation.0``."""
    return re.sub(r"[^\w.\- :/]+", "_", re.sub(r"\[(\d+)\]", r".\1", name))


def _status(trial: TrackedTrial) -> str:
    if trial.ended_at is None:
        return "RUNNING"
    return "FAILED" if trial.state == "failed" else "FINISHED"


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
