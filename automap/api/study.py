"""Studies and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, RenderResult
from sqlalchemy import Engine

from automap.exceptions import RunError, UserError
from automap.interfaces.metric import sign_of
from automap.leaderboard.board import Leaderboard, Row, States
from automap.leaderboard.ranking import rank
from automap.leaderboard.trial_view import TrialView, read_trial
from automap.redaction import HIDDEN
from automap.spec.display import html_of
from automap.spec.spec import Spec
from automap.store import results
from automap.store.engine import display_url
from automap.store.files import CARD_FILE, NETWORK_FILE, run_folder_name
from automap.store.remote import child
from automap.store.results import ResultRow
from automap.store.runs import list_active
from automap.store.studies import StudyRow, get_study
from automap.store.study_store import StudyStore

if TYPE_CHECKING:
    from automap.models.model import LoadedModel
    from automap.report.page import Report
    from automap.search.consistency import Finding
    from automap.search.study import Study as OpenStudy

_LARGEST = 2**31 - 1
"""Largest integer of a database column."""


class Study:
    """A study in a database, opened for reading; returned by `automap.open_study` and `automap.search`.

    Args:
        engine: the database.
        row: the study's row.
    """

    def __init__(self, engine: Engine, row: StudyRow) -> None:
        self._engine, self._row = engine, row
        self._store = StudyStore(engine, row.id)

    @classmethod
    def of(cls, opened: OpenStudy) -> Self:
        """Return the study of a search."""
        return cls(opened.engine, with_places(get_study(opened.store), opened.spec))

    @property
    def name(self) -> str:
        """The study's name."""
        return self._row.name

    @property
    def storage(self) -> str:
        """URL of its database, without a password."""
        return display_url(self._engine.url)

    @property
    def engine(self) -> Engine:
        """The database, open for reading."""
        return self._engine

    @property
    def row(self) -> StudyRow:
        """The study as the database holds it."""
        return self._row

    @property
    def spec_text(self) -> str:
        """The spec as the user wrote it."""
        return self._row.spec_text

    def leaderboard(
        self, *, sort: str | None = None, limit: int | None = 20, pareto: bool = False, state: States = "ranked"
    ) -> Leaderboard:
        """Rank the results.

        Args:
            sort: a metric instead of the objectives: ``validation.macro_f1``, ``test.accuracy``, ``cost.latency_ms``.
            limit: largest number of rows; None for all.
            pareto: whether to show only the Pareto front of the objectives.
            state: which trials to list.

        Raises:
            UserError: if no result has the metric to sort by.
        """
        return rank_studies([self], sort=sort, limit=limit, pareto=pareto, state=state)

    def trials(self) -> list[Row]:
        """Return every trial that has ended, by number."""
        return sorted(self.leaderboard(limit=None, state="all").rows, key=lambda row: row.trial)

    def trial(self, number: int) -> TrialView:
        """Return one trial with its hyperparameters, learning curve, metrics and cost.

        Raises:
            UserError: if the study has no trial of that number.
        """
        if not 0 <= number <= _LARGEST:
            raise UserError(f"study '{self.name}' has no trial {number}")
        return read_trial(self._engine, self._row, number)

    @property
    def winner(self) -> str | None:
        """Folder or URL of the best model so far; None if no trial has completed."""
        place = child(self._row.run_directory, "winner")
        return place if holds_model(place) else None

    @property
    def missing_seconds(self) -> float | None:
        """Roughly how much more time the first trial needs, if the time budget ended before any could be evaluated.

        Compiling and evaluating the first trial have taken about as long as everything before them.
        """
        row = get_study(self._store)
        if row.time_budget is None or row.seconds_used < 0.9 * row.time_budget:
            return None
        return None if any(results.count_states(self._store).values()) else row.seconds_used

    def best(self) -> LoadedModel:
        """Load the winner's model; imports Keras.

        Raises:
            RunError: if no trial has completed.
        """
        from automap.models.load import load_model

        return load_model(self.require_winner())

    def require_winner(self) -> str:
        """Return `winner`.

        Raises:
            RunError: if no trial has completed; the text counts the trials by their state.
        """
        if (place := self.winner) is not None:
            return place
        counts = results.count_states(self._store)
        if counts["complete"]:
            raise RunError(f"the winner's model of study '{self.name}' is missing in {self._row.run_directory}")
        ended = ", ".join(f"{number:,} {state}" for state, number in counts.items() if number) or "none has ended"
        raise RunError(f"no trial of study '{self.name}' has completed ({ended})")

    def model(self, trial: int) -> LoadedModel:
        """Load the model of a trial, or of a finalist's best seed; imports Keras.

        Raises:
            UserError: if there is no such trial, or its weights were not kept.
        """
        from automap.models.load import load_model

        return load_model(self.model_location(trial))

    def ensemble_location(self) -> str:
        """Return the folder of the study's ensemble.

        Raises:
            UserError: if it has none.
        """
        found = results.list_results(self._store, kind="ensemble", states=("complete",))
        for row in sorted(found, key=lambda row: -row.seed):
            place = child(self._row.run_directory, run_folder_name(row.kind, row.trial, row.seed))
            if holds_model(place):
                return place
        raise UserError(f"study '{self.name}' has no ensemble; make one with: automap ensemble {self.name}")

    def model_location(self, trial: int) -> str:
        """Return the folder or URL of a trial's model.

        Raises:
            UserError: if there is no such trial, or its weights were not kept.
        """
        view = self.trial(trial)
        for result in (*self._best_first(view.finals), *([view.result] if view.result else [])):
            place = child(self._row.run_directory, run_folder_name(result.kind, result.trial, result.seed))
            if holds_model(place):
                return place
        raise UserError(
            f"study '{self.name}' has no weights of trial {trial} ({view.state}): weights are kept for the "
            "best trials and the finalists only"
        )

    def examine(self) -> list[Finding]:
        """Check that Optuna's trials, automap's results and the files in the run directory agree.

        Raises:
            SpecError: if a plugin of the spec is missing or its fields have changed.
        """
        from automap.search.consistency import examine

        return examine(self._engine, self._row)

    def report(self, path: str | Path | None = None, *, images: bool = True) -> Report:
        """Return a report: one HTML page that opens without a network; a notebook shows it.

        Args:
            path: a file to write it to as well.
            images: whether the page may show images of the data set.

        Raises:
            UserError: if the packages of the extra ``report`` are missing, or the file cannot be written.
        """
        from automap.report.page import Report, render

        report = Report(render(self._engine, self._row, images=images))
        if path is not None:
            report.save(path)
        return report

    def track(self, tool: str, folder: str | Path) -> int:
        """Copy the study to an experiment-tracking tool and return the number of trials written.

        Args:
            tool: ``tensorboard``, ``mlflow``, ``wandb`` or a plugin's.
            folder: to write to; it must be empty or not exist.

        Raises:
            PluginError: if there is no such tool.
            UserError: if a package that it needs is missing, or the folder cannot be used.
        """
        from automap.report.trackers.track import load_tracker, write_tracked

        return write_tracked(self._engine, self._row, load_tracker(tool), Path(folder))

    @property
    def in_training(self) -> bool:
        """Whether workers are training for it now."""
        return bool(list_active(self._store))

    def _best_first(self, finals: Sequence[ResultRow]) -> list[ResultRow]:
        sign = sign_of(self._row.objectives[0].direction)
        known = [final for final in finals if final.value is not None]
        return sorted(known, key=lambda final: sign * (final.value or 0.0))

    def __repr__(self) -> str:
        return f"Study({self.name!r}, storage={self.storage!r})"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.leaderboard()

    def _repr_html_(self) -> str:
        return html_of(self.leaderboard())


def with_places(row: StudyRow, spec: Spec) -> StudyRow:
    """Return a study with the run directory of a spec, because the database stores it without its password."""
    if HIDDEN not in row.run_directory:
        return row
    return replace(row, run_directory=spec.run_location, spec={**row.spec, "runs": spec.runs, "cache": spec.cache})


def rank_studies(
    studies: Sequence[Study],
    *,
    sort: str | None = None,
    limit: int | None = 20,
    pareto: bool = False,
    state: States = "ranked",
) -> Leaderboard:
    """Rank the results of one or more studies of one database as one leaderboard; see `Study.leaderboard`.

    Raises:
        UserError: if the studies have different objectives, or no result has the metric to sort by.
    """
    rows = [study._row for study in studies]
    limit = min(limit, _LARGEST) if limit else None
    return rank(studies[0]._engine, rows, sort=sort, limit=limit, pareto=pareto, state=state)


def holds_model(place: str) -> bool:
    """Return whether a folder or URL contains a finished model."""
    from automap.store.remote import file_sizes, is_remote

    if is_remote(place):
        return {NETWORK_FILE, CARD_FILE} <= set(file_sizes(place))
    return all(Path(place, name).is_file() for name in (NETWORK_FILE, CARD_FILE))
