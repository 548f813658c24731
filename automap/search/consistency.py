"""Whether a study's records agree: Optuna's trials, automap's runs and results, and the files they left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Engine, text

from automap.search.outcome import finalize, unfinished_state
from automap.search.retention import read_result
from automap.search.study import Study, optuna_errors
from automap.spec.objectives import objective_value
from automap.store import results, runs, studies
from automap.store.files import RESULT_FILE, run_folder_name
from automap.store.remote import child
from automap.store.result import Result
from automap.store.results import ResultRow
from automap.store.runs import Run


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    """What should be true."""
    problems: tuple[str, ...]
    """What is not; empty if all is well."""
    number: int
    """Of how many things it was checked."""


class Records:
    """All records of a study, each read once."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @cached_property
    def trials(self) -> dict[int, FrozenTrial]:
        """Optuna's trials that were started, by number."""
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


def examine(study: Study) -> list[Finding]:
    """Check a study's records against each other; nothing is changed.

    A study that is being searched may show what is just being written; look again when it rests.

    Raises:
        StorageError: if the database cannot be read.
    """
    records = Records(study)
    return [
        _check("the database is sound", _database_faults(study.engine), 1),
        _check("every trial has one run", _unmatched_trials(records), len(records.trials)),
        _check("every finished run has one result", _unmatched_results(records), len(records.results)),
        _check("Optuna knows every result", _untold_results(records), len(records.results)),
        _check("the budget counts every trial once", _budget_faults(records), 1),
        _check("learning curves have no gap and no epoch twice", _broken_curves(records), len(records.results)),
        _check("the leaderboard is what the files say", _differing_files(records), len(records.results)),
    ]


def _check(name: str, problems: Iterable[str], number: int) -> Finding:
    return Finding(name, tuple(problems), number)


def _database_faults(engine: Engine) -> Iterator[str]:
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        for (line,) in connection.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                yield str(line)
        for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"row {row} of {table} refers to a row of {parent} that does not exist"


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
            yield f"{_name(*key)}: {done[key]} finished runs, {stored[key]} results"


def _untold_results(records: Records) -> Iterator[str]:
    for row in _searched(records):
        trial = records.trials.get(row.trial)
        expected = _expected_state(records.study, row.result)
        if trial is None or trial.state != expected:
            state = "missing" if trial is None else trial.state.name
            yield f"trial {row.trial} is {row.state}, in Optuna's tables {state}, not {expected.name}"
        elif trial.state == TrialState.COMPLETE and not _same(trial.values, _values(records.study, row.result)):
            yield f"trial {row.trial}: Optuna's values {trial.values} differ from the result's"
    told = {row.trial for row in _searched(records)}
    for number, trial in records.trials.items():
        if trial.state.is_finished() and number not in told:
            yield f"trial {number} is {trial.state.name} in Optuna's tables and has no result"


def _expected_state(study: Study, result: Result) -> TrialState:
    if result.state in ("complete", "infeasible") and None not in _values(study, result):
        return TrialState.COMPLETE
    return unfinished_state(result)


def _values(study: Study, result: Result) -> list[float | None]:
    return [objective_value(objective, result.validation, result.cost) for objective in study.spec.objectives]


def _same(first: Sequence[float | None], second: Sequence[float | None]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(a is not None and b is not None and math.isclose(a, b, rel_tol=1e-6) for a, b in pairs)


def _budget_faults(records: Records) -> Iterator[str]:
    taken = studies.get_study(records.study.store).slots_taken
    if taken != len(records.trials):
        yield f"{taken} trials were taken from the budget, and {len(records.trials)} were started"


def _broken_curves(records: Records) -> Iterator[str]:
    for row in records.results:
        if not _goes_forward(row.result.curve):
            epochs = ", ".join(f"{point['epoch']:g}" for point in row.result.curve)
            yield f"{_name(row.trial, row.kind, row.seed)}: epochs [{epochs}]"


def _goes_forward(curve: Sequence[Mapping[str, float]]) -> bool:
    epochs = [point["epoch"] for point in curve]
    if not all("images" in point for point in curve):
        # A study from before trials were evaluated within epochs.
        return epochs == list(range(1, len(epochs) + 1))
    images = [point["images"] for point in curve]
    if epochs != sorted(set(epochs)):
        return False
    epoch_images = images[-1] / epochs[-1] if epochs else 0
    return all(abs(count - epoch * epoch_images) <= 1 for count, epoch in zip(images, epochs, strict=True))


def _differing_files(records: Records) -> Iterator[str]:
    spec = records.study.spec
    for row in records.results:
        name, folder = _name(row.trial, row.kind, row.seed), run_folder_name(row.kind, row.trial, row.seed)
        place = child(spec.run_location, folder, RESULT_FILE)
        try:
            stored = read_result(spec, folder)
        except (KeyError, ValueError) as error:
            yield f"{name}: {place} cannot be read: {str(error).splitlines()[0]}"
            continue
        # A run that took every worker with it never came to write a result.
        if stored is None and row.state != "failed":
            yield f"{name}: {place} does not exist"
        elif stored is not None and not _agree(finalize(spec, stored), row.result):
            yield f"{name}: {place} differs from the result in the database"


def _agree(stored: Result, row: Result) -> bool:
    # The artifacts' place and notes say nothing that a leaderboard ranks by.
    compared: tuple[Callable[[Result], object], ...] = (
        lambda result: result.state,
        lambda result: _finite(result.validation),
        lambda result: _finite(result.test or {}),
        lambda result: _finite(result.cost),
        lambda result: [_finite(point) for point in result.curve],
    )
    return all(part(stored) == part(row) for part in compared)


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    # A database stores no number that is not finite.
    return {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}


def _searched(records: Records) -> Iterator[ResultRow]:
    return (row for row in records.results if row.kind == "search")


def _name(trial: int, kind: str, seed: int) -> str:
    return f"trial {trial}" if kind == "search" else f"finalist {trial}, seed {seed}"
