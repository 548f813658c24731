"""One trial with everything known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from sqlalchemy import Engine

from automap.exceptions import UserError
from automap.leaderboard.export import whole_numbers
from automap.spec.display import html_of, text_of
from automap.store.rankings import trial_span
from automap.store.remote import child
from automap.store.results import ResultRow, find_result, list_results
from automap.store.runs import Run, find_run
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore


@dataclass(frozen=True)
class TrialView:
    """A trial: its run, its result if it has ended, and its trainings as a finalist."""

    study: StudyRow
    run: Run
    result: ResultRow | None
    finals: tuple[ResultRow, ...]
    """One training for each seed, in order of the seeds, with learning curves."""

    @property
    def state(self) -> str:
        """``waiting``, ``running``, or how the trial ended."""
        return self.run.state if self.result is None else self.result.state

    @property
    def candidate(self) -> Mapping[str, Any]:
        """The hyperparameters in the spec's notation."""
        return self.run.candidate

    def artifacts(self, result: ResultRow) -> str | None:
        """Return the folder of a result's artifacts."""
        found = result.result.artifacts
        return None if found is None else child(self.study.run_directory, found)

    def to_data(self) -> dict[str, Any]:
        """Return everything as data for JSON."""
        result = self.result
        return {
            "study": self.study.name,
            "trial": self.run.trial,
            "state": self.state,
            "reason": None if result is None else result.result.reason,
            "attempts": self.run.attempts,
            "seed": self.run.seed,
            "epochs": self.run.epochs,
            "epoch": self.run.epoch,
            "candidate": dict(self.candidate),
            **(self._training(result) if result is not None else _NO_TRAINING),
            "finalists": [{"seed": final.seed, **self._training(final)} for final in self.finals],
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from automap.leaderboard.trial_render import trial_page

        yield trial_page(self, options.max_width, ascii_only=options.ascii_only)

    def __str__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)

    def _training(self, row: ResultRow) -> dict[str, Any]:
        return {
            "validation": row.validation,
            "test": row.test,
            "cost": whole_numbers(row.cost),
            "curve": [dict(epoch) for epoch in row.result.curve],
            "notes": list(row.result.notes),
            "artifacts": self.artifacts(row),
        }


_NO_TRAINING: dict[str, Any] = {
    "validation": None,
    "test": None,
    "cost": None,
    "curve": [],
    "notes": [],
    "artifacts": None,
}


def read_trial(engine: Engine, study: StudyRow, trial: int) -> TrialView:
    """Read one trial.

    Raises:
        UserError: if the study has no such trial, with the numbers of those that exist.
    """
    store = StudyStore(engine, study.id)
    run = find_run(store, trial)
    if run is None:
        raise UserError(f"study '{study.name}' has no trial {trial}; {_span(store)}")
    finals = list_results(store, kind="final", trial=trial, curves=True)
    by_seed = tuple(sorted(finals, key=lambda row: row.seed))
    return TrialView(study, run, find_result(store, trial), by_seed)


def _span(store: StudyStore) -> str:
    span = trial_span(store)
    return "it has none yet" if span is None else f"its trials are {span[0]} to {span[1]}"
