"""Reading the history of a study, as schedulers see it, from the database."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

from automap.interfaces.metric import Direction
from automap.interfaces.scheduler import Measurement, StudyHistory, TrialHistory, TrialState
from automap.search.proposals import COHORT
from automap.search.study import Study, optuna_errors
from automap.spec.draw import search_space
from automap.spec.objectives import Objective
from automap.spec.space import dump_space, largest_number
from automap.spec.spec import Spec
from automap.store import measurements, studies

_KNOWN_AT_THE_END = frozenset({"size", "train_seconds", "peak_memory"})

_OPEN: Mapping[str, TrialState] = {"waiting": "running", "running": "running", "paused": "paused"}


def compared_objectives(spec: Spec) -> tuple[Objective, ...]:
    """Return the objectives that are known during training and can be compared at rungs."""
    return tuple(objective for objective in spec.objectives if objective.metric not in _KNOWN_AT_THE_END)


def longest_epochs(spec: Spec) -> int:
    """Return the largest number of epochs in a spec's search space."""
    return int(largest_number(dump_space(spec.training.fields["epochs"])))


def study_history(study: Study) -> StudyHistory:
    """Read the measurements of every trial at the study's rungs; there are none before the rungs are fixed."""
    rungs = studies.get_study(study.store).rungs or ()
    objectives = compared_objectives(study.spec)
    epoch_images = (rungs[-1] if rungs else 0) / longest_epochs(study.spec)
    measured: dict[int, list[Measurement]] = {}
    for row in measurements.list_measurements(study.store):
        values = tuple(_value(row.objectives.get(objective.metric), objective.direction) for objective in objectives)
        measured.setdefault(row.trial, []).append(Measurement(row.images, values, row.seconds))
    with optuna_errors(study.engine):
        known = {trial.number: trial for trial in study.optuna.get_trials(deepcopy=False)}
    trials = tuple(
        TrialHistory(
            number=row.trial,
            state=_OPEN.get(row.state) or cast("TrialState", row.state),
            images=round(row.epochs * epoch_images),
            measurements=tuple(measured.get(row.trial, ())),
            parameters=known[row.trial].params if row.trial in known else {},
            cohort=str(known[row.trial].user_attrs.get(COHORT, "")) if row.trial in known else "",
        )
        for row in measurements.list_trials(study.store)
    )
    directions = tuple(objective.direction for objective in objectives)
    return StudyHistory(study.spec.name, directions, rungs, trials, search_space(study.spec))


def _value(value: float | None, direction: Direction) -> float:
    # Metrics that are not finite rank last.
    return value if value is not None else (-math.inf if direction == "maximize" else math.inf)
