"""What a report reads from the database: a study's rows, runs and measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from automap.leaderboard.board import Leaderboard, Row, objective_measure
from automap.leaderboard.ranking import rank
from automap.store.measurements import MeasurementRow, list_measurements
from automap.store.rankings import Measure
from automap.store.results import ResultRow, list_results
from automap.store.runs import Run, list_runs
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore


@dataclass(frozen=True)
class TrialData:
    """One trial, whether it has ended or not."""

    run: Run
    result: ResultRow | None
    row: Row | None
    """Its row of the leaderboard; of a finalist, over all of its seeds."""
    measurements: Sequence[MeasurementRow]
    value: float | None
    """The first objective: of the result, else at the last rung."""

    @property
    def state(self) -> str:
        """As on the leaderboard: ``finalist``, ``complete``, ``paused``, ``running`` and so on."""
        if self.row is not None:
            return self.row.state
        return self.run.state if self.result is None else self.result.state


@dataclass(frozen=True)
class StudyData:
    """A study as the database knows it."""

    study: StudyRow
    board: Leaderboard
    """All trials that have ended, ranked ones first."""
    trials: Sequence[TrialData]
    """By number."""
    runs: Sequence[Run]
    """Trials and trainings of finalists, in the order of their start."""
    finals: Sequence[ResultRow]

    @property
    def objective(self) -> Measure:
        """The first objective."""
        return objective_measure(self.study.objectives[0])

    @property
    def maximized(self) -> bool:
        """Whether larger values of the first objective are better."""
        return self.objective.direction == "maximize"


def read_study_data(engine: Engine, study: StudyRow, *, curves: bool = True) -> StudyData:
    """Read a study for its report.

    Args:
        engine: the database.
        study: the study in it.
        curves: whether to read learning curves, which are most of the bytes.

    Raises:
        StorageError: if the database cannot be read.
    """
    store = StudyStore(engine, study.id)
    board = rank(engine, [study], limit=None, state="all")
    results = list_results(store, curves=curves)
    searched = {result.trial: result for result in results if result.kind == "search"}
    rows = {row.trial: row for row in board.rows}
    measured: dict[int, list[MeasurementRow]] = {}
    for measurement in list_measurements(store):
        measured.setdefault(measurement.trial, []).append(measurement)
    runs = list_runs(store)
    metric = study.objectives[0].metric
    trials = [
        _trial(run, searched.get(run.trial), rows.get(run.trial), measured.get(run.trial, []), metric)
        for run in sorted(runs, key=lambda run: run.trial)
        if run.kind == "search"
    ]
    return StudyData(study, board, trials, runs, [result for result in results if result.kind == "final"])


def _trial(
    run: Run, result: ResultRow | None, row: Row | None, measurements: Sequence[MeasurementRow], metric: str
) -> TrialData:
    last: Mapping[str, Any] = measurements[-1].objectives if measurements else {}
    value = result.value if result is not None else last.get(metric)
    return TrialData(run, result, row, measurements, value)
