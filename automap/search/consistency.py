"""Whether a study's records agree: Optuna's trials, automap's runs and results, and the files in the run directory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Engine, text

from automap.search.file_consistency import differing_files, kept_models, lost_models, run_name
from automap.search.outcome import unfinished_state
from automap.search.study import Study, StudyIncomplete, optuna_errors, reopen
from automap.spec.objectives import objective_value
from automap.store import results, runs, studies
from automap.store.errors import damage_named, storage_errors
from automap.store.result import Result
from automap.store.results import ResultRow
from automap.store.runs import Run
from automap.store.studies import StudyRow


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    check: str
    """The rule that was checked."""
    problems: tuple[str, ...]
    """Violations of the rule; empty if the check passed."""
    number: int
    """Number of items that were checked."""


class Records:
    """The records of a study; each table is read once."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @cached_property
    def trials(self) -> dict[int, FrozenTrial]:
        """Optuna's trials by number, without enqueued ones."""
        with optuna_errors(self.study.engine):
            found = self.study.optuna.get_trials(deepcopy=False)
        return {trial.number: trial for trial in found if trial.state != TrialState.WAITING}

    @cached_property
    def runs(self) -> list[Run]:
        """All runs."""
        return runs.list_runs(self.study.store)

    @cached_property
    def results(self) -> list[ResultRow]:
        """All results, with their learning curves."""
        return results.list_results(self.study.store, curves=True)


def examine(engine: Engine, row: StudyRow) -> list[Finding]:
    """Check a study's records against each other; nothing is changed.

    During a search, records that are being written may appear as problems.

    Raises:
        StorageError: if the database cannot be read.
        SpecError: if a plugin of the spec is missing or its fields have changed.
    """
    with damage_named(engine.url):
        try:
            return _examine(reopen(engine, row))
        except StudyIncomplete as error:
            return [_check("the study is complete", [str(error)], 1)]


def _examine(study: Study) -> list[Finding]:
    records = Records(study)
    finished, models = records.results, kept_models(study, records.results)
    return [
        _check("the database is sound", _database_faults(study.engine), 1),
        _check("every trial has one run", _unmatched_trials(records), len(records.trials)),
        _check("every finished run has one result", _unmatched_results(records), len(records.results)),
        _check("Optuna knows every result", _untold_results(records), len(records.results)),
        _check("the budget counts every trial once", _budget_faults(records), 1),
        _check("learning curves have no gaps and no duplicate epochs", _broken_curves(records), len(records.results)),
        _check("results agree with the run directory", differing_files(study.spec, finished), len(finished)),
        _check("the models of the best trials exist", lost_models(study, models), len(models)),
    ]


def _check(name: str, problems: Iterable[str], number: int) -> Finding:
    return Finding(name, tuple(problems), number)


def _database_faults(engine: Engine) -> Iterator[str]:
    if engine.dialect.name != "sqlite":
        return
    with storage_errors(engine.url), engine.connect() as connection:
        for (line,) in connection.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                yield str(line)
        for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"row {row} of {table} refers to a missing row of {parent}"


def _unmatched_trials(records: Records) -> Iterator[str]:
    numbers = Counter(run.trial for run in records.runs if run.kind == "search")
    for number in records.trials:
        if numbers[number] != 1:
            yield f"trial {number} has {numbers[number]} runs"
    for number in numbers:
        if number not in records.trials:
            yield f"the run of trial {number} has no trial in Optuna's tables"


def _unmatched_results(records: Records) -> Iterator[str]:
    done = Counter((run.trial, run.kind, run.seed) for run in records.runs if run.state == "done")
    stored = Counter((row.trial, row.kind, row.seed) for row in records.results)
    for key in {**done, **stored}:
        if (done[key], stored[key]) != (1, 1):
            yield f"{run_name(*key)}: {done[key]} finished runs, {stored[key]} results"


def _untold_results(records: Records) -> Iterator[str]:
    for row in _searched(records):
        trial = records.trials.get(row.trial)
        expected = _expected_state(records.study, row.result)
        if trial is None or trial.state != expected:
            state = "missing" if trial is None else trial.state.name
            yield f"trial {row.trial} is {row.state}, but {state} in Optuna's tables; expected {expected.name}"
        elif trial.state == TrialState.COMPLETE and not _same(trial.values, _values(records.study, row.result)):
            yield f"trial {row.trial}: Optuna's values {trial.values} differ from the result's"
    told = {row.trial for row in _searched(records)}
    for number, trial in records.trials.items():
        if trial.state.is_finished() and number not in told:
            yield f"trial {number} is {trial.state.name} in Optuna's tables, but has no result"


def _expected_state(study: Study, result: Result) -> TrialState:
    if result.state in ("complete", "infeasible") and None not in _values(study, result):
        return TrialState.COMPLETE
    return unfinished_state(result)


def _values(study: Study, result: Result) -> list[float | None]:
    return [objective_value(objective, result.validation, result.cost) for objective in study.spec.objectives]


def _same(first: Sequence[float | None], second: Sequence[float | None]) -> bool:
    if len(first) != len(second):
        return False
    pairs = zip(first, second, strict=True)
    return all(a is not None and b is not None and math.isclose(a, b, rel_tol=1e-6) for a, b in pairs)


def _budget_faults(records: Records) -> Iterator[str]:
    taken = studies.get_study(records.study.store).slots_taken
    if taken != len(records.trials):
        yield f"the budget counts {taken} trials, but {len(records.trials)} were started"


def _broken_curves(records: Records) -> Iterator[str]:
    for row in records.results:
        longest = row.candidate.get("training", {}).get("epochs", math.inf)
        if not _goes_forward(row.result.curve, longest):
            epochs = ", ".join(f"{point.get('epoch', math.nan):g}" for point in row.result.curve)
            yield f"{run_name(row.trial, row.kind, row.seed)}: epochs [{epochs}]"


def _goes_forward(curve: Sequence[Mapping[str, float]], longest: float) -> bool:
    if not all(point.get("epoch", math.inf) <= longest for point in curve):
        return False
    epochs = [point["epoch"] for point in curve]
    if not all("images" in point for point in curve):
        # Versions before 0.2 evaluated after every epoch.
        return epochs == list(range(1, len(epochs) + 1))
    images = [point["images"] for point in curve]
    if epochs != sorted(set(epochs)):
        return False
    epoch_images = images[-1] / epochs[-1] if epochs else 0
    return all(abs(count - epoch * epoch_images) <= 1 for count, epoch in zip(images, epochs, strict=True))


def _searched(records: Records) -> Iterator[ResultRow]:
    return (row for row in records.results if row.kind == "search")
