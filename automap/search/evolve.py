"""The successor of a study whose spec has changed: it begins with every trial that is still valid."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from automap.exceptions import UserError
from automap.interfaces.sampler import CategoricalHyperparameter
from automap.search.evidence import EARLIER, within
from automap.search.history import longest_epochs
from automap.search.optuna_storage import create_or_load, optuna_storage
from automap.search.proposals import distribution
from automap.search.study import (
    Study,
    build_sampler,
    changes,
    evolvable,
    named_as_newest,
    new_study,
    optuna_errors,
    reopen,
)
from automap.spec.draw import Parameters, first_parameters, search_space
from automap.spec.membership import membership
from automap.spec.spec import Spec
from automap.store import remote, run_files, runs, studies
from automap.store.engine import open_database
from automap.store.files import RESULT_FILE, WEIGHT_FILES, run_folder_name
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore
from automap.store.successors import Copy, create_successor

MOST_SHOWN = 5
"""Trials that are not taken and named with their reason."""


MOST_NEW = 16
"""Alternatives that no trial has tried and that come first."""


@dataclass(frozen=True)
class Evolution:
    """The step from a study to its successor."""

    predecessor: str
    successor: str
    taken: Mapping[int, int]
    """The new number of each trial that is still valid, by its old number."""
    left: Mapping[int, str]
    """Why the other trials are not valid any more."""

    def describe(self) -> list[str]:
        """Return lines that say what was taken and what was not."""
        number = len(self.taken) + len(self.left)
        lines = [
            f"study '{self.successor}' continues '{self.predecessor}' with {len(self.taken):,} of its {number:,} trials"
        ]
        shown = list(self.left.items())[:MOST_SHOWN]
        lines += [f"  trial {trial} is not valid any more: {reason}" for trial, reason in shown]
        if len(self.left) > len(shown):
            lines.append(f"  … and {len(self.left) - len(shown):,} more")
        return lines


def evolve(spec: Spec, spec_text: str, fingerprint: str, environment: dict[str, object]) -> Evolution | None:
    """Create the successor of a spec's study if the spec has changed; its trials keep their results and weights.

    Until its last step nothing points to the successor: if the process is killed, the study is as before.

    Args:
        spec: the spec.
        spec_text: its text.
        fingerprint: fingerprint of its data.
        environment: versions and devices.

    Returns:
        What was done; None if there is no study yet, or its spec has not changed.

    Raises:
        UserError: if trials of the two specs cannot be compared, none is valid, or workers are training.
        StorageError: if the database or the run directory cannot be used.
    """
    engine = open_database(spec.storage)
    row = studies.find_study(engine, named_as_newest(engine, spec).name)
    if row is None or not (found := changes(row, spec, fingerprint)):
        return None
    _refuse(row, found, StudyStore(engine, row.id))
    successor = spec.model_copy(update={"name": _free_name(engine, spec.name)})
    old = reopen(engine, row)
    parameters, left = _valid_trials(successor, old)
    if not parameters:
        reasons = "\n".join(f"  trial {trial}: {reason}" for trial, reason in list(left.items())[:MOST_SHOWN])
        raise UserError(
            f"no trial of study '{row.name}' is valid for the changed spec; give the spec another name (name: ...):\n"
            f"{reasons}"
        )
    numbers = {number: place for place, number in enumerate(parameters)}
    _create_optuna_study(successor, old, parameters)
    _copy_files(old, successor, numbers)
    new = new_study(successor, spec_text, fingerprint, environment, predecessor=row.name)
    try:
        create_successor(old.store, new, Copy(numbers, _rungs(row, old.spec, successor)))
    except IntegrityError:
        raise UserError(f"another process has just created study '{successor.name}'; run the command again") from None
    return Evolution(row.name, successor.name, numbers, left)


def _refuse(row: StudyRow, found: Sequence[str], store: StudyStore) -> None:
    if not evolvable(found):
        listed = "\n  ".join(found)
        raise UserError(
            f"study '{row.name}' cannot have a successor, because its trials mean something else with these changes:\n"
            f"  {listed}\n"
            "give the spec another name (name: ...)"
        )
    if runs.are_alive(store):
        raise UserError(f"study '{row.name}' is being trained; stop its search and its workers first")


def _free_name(engine: Engine, name: str) -> str:
    number = 2
    while studies.find_study(engine, f"{name}.{number}") is not None:
        number += 1
    return f"{name}.{number}"


def _valid_trials(successor: Spec, old: Study) -> tuple[dict[int, Parameters], dict[int, str]]:
    """Return the hyperparameters of the trials that are still valid, and why the others are not."""
    valid, left = {}, {}
    for run in sorted(runs.list_runs(old.store), key=lambda run: run.trial):
        if run.kind == "search":
            place = membership(successor, run.candidate)
            if place.mismatches:
                left[run.trial] = place.mismatches[0]
            else:
                valid[run.trial] = place.parameters
    return valid, left


def _create_optuna_study(successor: Spec, old: Study, parameters: Mapping[int, Parameters]) -> None:
    known = {each.name: distribution(each) for each in search_space(successor).hyperparameters}
    with optuna_errors(old.engine):
        trials = {trial.number: trial for trial in old.optuna.get_trials(deepcopy=False)}
        with suppress(KeyError):
            # A process that was killed has left it.
            optuna.delete_study(study_name=successor.name, storage=optuna_storage(successor.storage))
        study = create_or_load(successor, build_sampler(successor, successor.search.seed))
        for number, found in parameters.items():
            values = within(found, known)
            study.add_trial(_copied(trials[number], f"{old.spec.name}:{number}", values, known))
        if successor.search.sampler.limit(search_space(successor)) is None:
            for first in [*_with_new_choices(successor, list(parameters.values())), *first_parameters(successor)]:
                study.enqueue_trial(first, skip_if_exists=True)


def _with_new_choices(successor: Spec, tried: Sequence[Parameters]) -> list[Parameters]:
    """Return the default candidate with each alternative that no trial has tried."""
    found = search_space(successor).hyperparameters
    defaults = {each.name: each.default for each in found}
    return [
        {**defaults, **dict(each.conditions), each.name: label}
        for each in found
        if isinstance(each, CategoricalHyperparameter)
        for label in each.labels
        if all(parameters.get(each.name) != label for parameters in tried)
    ][:MOST_NEW]


def _copied(trial: FrozenTrial, origin: str, parameters: Parameters, known: Mapping[str, object]) -> FrozenTrial:
    return create_trial(
        # A trial that was never told its end is told from its result, or goes on.
        state=trial.state if trial.state.is_finished() else TrialState.RUNNING,
        values=trial.values,
        params=parameters,
        distributions={name: known[name] for name in parameters},  # type: ignore[misc]
        user_attrs={**trial.user_attrs, EARLIER: origin},
        intermediate_values=trial.intermediate_values,
        constraints=dict(trial.constraints),
    )


def _rungs(row: StudyRow, before: Spec, successor: Spec) -> tuple[int, ...] | None:
    longest = longest_epochs(successor)
    if row.rungs is None or longest == longest_epochs(before):
        return row.rungs
    images = round(row.rungs[-1] / longest_epochs(before) * longest)
    return successor.search.scheduler.rungs(min(row.rungs[0], images), images)


def _copy_files(old: Study, successor: Spec, numbers: Mapping[int, int]) -> None:
    """Copy weights, checkpoints and results of runs into the successor's run directory."""
    successor.run_directory.mkdir(parents=True, exist_ok=True)
    for run in runs.list_runs(old.store):
        if run.trial in numbers:
            source = run_folder_name(run.kind, run.trial, run.seed)
            target = run_folder_name(run.kind, numbers[run.trial], run.seed)
            _copy_folder(old.spec, source, successor, target)


def _copy_folder(before: Spec, source: str, successor: Spec, target: str) -> None:
    names = (*WEIGHT_FILES, RESULT_FILE)
    if before.remote_runs is None and successor.remote_runs is None:
        folder = before.run_directory / source
        run_files.require_real_folder(folder)
        if folder.is_dir():
            run_files.copy_files(folder, names, successor.run_directory / target)
        return
    with tempfile.TemporaryDirectory() as scratch:
        pulled = Path(scratch)
        if before.remote_runs is not None:
            remote.pull(remote.child(before.remote_runs, source), pulled)
        else:
            pulled = before.run_directory / source
        for name in names:
            if (pulled / name).is_file():
                _put(pulled / name, successor, target)


def _put(file: Path, successor: Spec, target: str) -> None:
    if successor.remote_runs is not None:
        remote.push(file, remote.child(successor.remote_runs, target))
    else:
        run_files.copy_files(file.parent, (*WEIGHT_FILES, RESULT_FILE), successor.run_directory / target)
