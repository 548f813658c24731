"""Compressing the models of a study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

from automap.api.models import study_and_trial
from automap.api.open import open_study
from automap.api.reopening import reopen_to_write
from automap.data.prepare import PreparedData, prepare
from automap.exceptions import UserError
from automap.interfaces.metric import sign_of
from automap.models.compress.compress import Compressed, Job, Settings, compress
from automap.models.load import load_model
from automap.search.finalists import best_final, best_results
from automap.search.study import Study
from automap.spec.candidate import Candidate
from automap.store import results
from automap.store.atomic import write_text
from automap.store.files import CARD_FILE, NETWORK_FILE, RESULT_FILE, run_folder_name
from automap.store.results import ResultRow
from automap.store.runs import NewRun

SMALLER = 0.5
"""A student has at most this share of its teacher's parameters, unless it is named."""

Report = Callable[[int, int, dict[str, float]], None]


class Made(NamedTuple):
    """A compressed model with its parent."""

    parent: ResultRow
    compressed: Compressed
    student: int | None
    """The trial that learned from the parent."""


def compress_model(
    model: str, settings: Settings, seeds: int, student: int | None, report: Report, storage: str | None = None
) -> Iterator[Made]:
    """Compress a trial's model and store each result as a row of the leaderboard; imports Keras.

    Args:
        model: ``STUDY:TRIAL``, or a study's name or spec file, which stands for its winner.
        settings: what to do.
        seeds: number of compressions; the first starts from the trial's best training, the next from the next.
        student: the trial that learns from the model, for distillation; None for the best smaller one.
        report: shows the progress of training.
        storage: URL of the database; None as in `automap.open_study`.

    Yields:
        Each compressed model, once its row is stored.

    Raises:
        UserError: if there is no such trial, its weights were not kept, or there is no smaller one.
        RunError: if the exported file loses more than allowed; nothing is stored then.
    """
    name, trial = study_and_trial(model)
    study = reopen_to_write(open_study(name, storage))
    if study.spec.remote_runs is not None:
        raise UserError("models of a study whose run directory is a URL cannot be compressed; export one instead")
    parents = _parents(study, trial)
    learner = _student(study, parents[0], student) if settings.method == "distill" else None
    data = prepare(study.spec.dataset, shared=study.spec.cache)
    for index in range(seeds):
        yield _compress(study, settings, _Pair(parents[index % len(parents)], learner), data, report)


class _Pair(NamedTuple):
    parent: ResultRow
    learner: ResultRow | None
    """The trial that learns from the parent."""


def _compress(study: Study, settings: Settings, pair: _Pair, data: PreparedData, report: Report) -> Made:
    parent, learner = pair
    made = results.list_results(study.store, kind="compressed", trial=parent.trial)
    seed = 1 + max((row.seed for row in made), default=0)
    directory = study.spec.run_directory / run_folder_name("compressed", parent.trial, seed)
    # One that a process left behind that did not come to its end.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    student = None if learner is None else learner.trial
    try:
        loaded = load_model(study.spec.run_directory / run_folder_name(parent.kind, parent.trial, parent.seed))
        candidate = None if learner is None else Candidate.model_validate(learner.candidate)
        compressed = compress(loaded, settings, Job(data, directory, seed, report), candidate)
        compression = settings.described(student)
        stored = {"compression": compression, "result": compressed.result.model_dump(mode="json")}
        write_text(directory / RESULT_FILE, json.dumps(stored))
        described = {**(learner or parent).candidate, "compression": compression}
        results.add_finished(study.store, NewRun(parent.trial, "compressed", seed, described, 0), compressed.result)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return Made(parent, compressed, student)


def _parents(study: Study, trial: int | None) -> list[ResultRow]:
    """Return the trainings of a trial whose models are kept, finalists first, the best one first."""
    if trial is None:
        best = best_final(study) or next(iter(best_results(study, 1)), None)
        if best is None:
            raise UserError(f"no trial of study '{study.spec.name}' has completed")
        trial = best.trial
    found = [
        *results.list_results(study.store, kind="final", states=("complete",), trial=trial),
        *results.list_results(study.store, kind="search", states=("complete",), trial=trial),
    ]
    kept = [row for row in found if _is_kept(study, row)]
    if not kept:
        raise UserError(
            f"study '{study.spec.name}' has no weights of trial {trial}: weights are kept for the best trials and the "
            "finalists only"
        )
    return kept


def _is_kept(study: Study, row: ResultRow) -> bool:
    folder = study.spec.run_directory / run_folder_name(row.kind, row.trial, row.seed)
    return all((folder / file).is_file() for file in (NETWORK_FILE, CARD_FILE))


def _student(study: Study, teacher: ResultRow, named: int | None) -> ResultRow:
    """Return the trial that learns from a teacher: the named one, or the best of those half as large."""
    if named is not None:
        if (row := results.find_result(study.store, named)) is None:
            raise UserError(f"study '{study.spec.name}' has no result of trial {named}")
        return row
    most = SMALLER * teacher.cost["parameters"]
    smaller = [
        row
        for row in results.list_results(study.store, kind="search", states=("complete",))
        if row.value is not None and row.cost.get("parameters", float("inf")) <= most
    ]
    if not smaller:
        raise UserError(
            f"study '{study.spec.name}' has no complete trial with at most half the parameters of trial "
            f"{teacher.trial}; name another one with --student"
        )
    sign = sign_of(study.spec.objectives[0].direction)
    return min(smaller, key=lambda row: sign * (row.value or 0.0))
