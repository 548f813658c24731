"""Training a candidate of a study again: longer, with other seeds, or on all data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from automap.api.models import study_and_trial
from automap.api.open import open_study
from automap.api.reopening import reopen_to_write
from automap.data.prepare import PreparedData, prepare
from automap.exceptions import RunError, UserError
from automap.interfaces.scheduler import Decision, Evaluation
from automap.search.finalists import best_final, best_results
from automap.search.outcome import finalize
from automap.search.study import Study
from automap.spec.candidate import Candidate
from automap.store import results
from automap.store.atomic import write_text
from automap.store.files import CARD_FILE, RESULT_FILE, VALIDATION_FILE, run_folder_name
from automap.store.remote import child
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.training.model_card import read_card
from automap.workers.run_folder import RunFolder

FIRST_SEED = 2_000
"""The first seed, added to the study's; those of trials and finalists are smaller."""
ALL_DATA = "trained on the training and validation splits: it has test metrics only"

Report = Callable[[int, Evaluation], None]
"""Called with the seed and what an evaluation gave."""


class Again(NamedTuple):
    """How to train a candidate again."""

    epochs: int | None = None
    """None for as many as before."""
    seeds: int = 1
    all_data: bool = False
    """Whether to train on the validation split too."""


class Trained(NamedTuple):
    """A training that ended."""

    seed: int
    result: Result
    place: str
    """Folder or URL of its model."""


def train_again(model: str, again: Again, report: Report, storage: str | None = None) -> Iterator[Trained]:
    """Train a candidate of a study again and store each training as a row of the leaderboard; imports Keras.

    Args:
        model: ``STUDY:TRIAL``, or a study's name or spec file, which stands for its winner.
        again: how to train it.
        report: shows progress.
        storage: URL of the database; None as in `automap.open_study`.

    Yields:
        Each training, once its row is stored.

    Raises:
        UserError: if there is no such trial.
        StorageError: if the database or the run directory cannot be used.
    """
    name, trial = study_and_trial(model)
    opened = open_study(name, storage)
    study = reopen_to_write(opened)
    trial = winning_trial(study) if trial is None else trial
    candidate = _candidate(opened.trial(trial).candidate, again)
    data = prepare(study.spec.dataset, shared=study.spec.cache)
    if data.fingerprint != opened._row.data_fingerprint:
        raise UserError("the data set has changed since the search; its results could not be compared")
    data = data.with_all_to_train(study.spec.dataset) if again.all_data else data
    for seed in free_seeds(study, trial, again.seeds):
        new = NewRun(trial, "trained", seed, candidate.to_data(), candidate.training.epochs)
        yield _train(study, new, data, report)


def winning_trial(study: Study) -> int:
    """Return the trial of a study's winner.

    Raises:
        UserError: if no trial has completed.
    """
    best = best_final(study) or next(iter(best_results(study, 1)), None)
    if best is None:
        raise UserError(f"no trial of study '{study.spec.name}' has completed")
    return best.trial


def _candidate(data: Mapping[str, Any], again: Again) -> Candidate:
    found = Candidate.model_validate(data)
    changed: dict[str, object] = {} if again.epochs is None else {"epochs": again.epochs}
    if again.all_data:
        # There is nothing left to stop by.
        changed["early_stopping"] = None
    return found.model_copy(update={"training": found.training.model_copy(update=changed)})


def free_seeds(study: Study, trial: int, count: int) -> list[int]:
    """Return seeds that no training of a trial again has used."""
    taken = {row.seed for row in results.list_results(study.store, kind="trained", trial=trial)}
    first = max([study.spec.search.seed + FIRST_SEED - 1, *taken]) + 1
    return list(range(first, first + count))


def _train(study: Study, new: NewRun, data: PreparedData, report: Report) -> Trained:
    from automap.training.request import EvaluationPlan, TrialRequest
    from automap.training.run_trial import run_trial

    def show(evaluation: Evaluation) -> Decision:
        report(new.seed, evaluation)
        return Decision.CONTINUE

    candidate, name = Candidate.model_validate(new.candidate), run_folder_name(new.kind, new.trial, new.seed)
    all_data = bool(np.isin(data.splits["validation"], data.splits["train"]).any())
    with RunFolder(study.spec, name) as folder:
        request = TrialRequest(
            candidate=candidate,
            seed=new.seed,
            directory=folder.local,
            objective=study.spec.objectives[0],
            # An evaluation on images that were trained on must not choose the weights: there is only one, at the end.
            evaluation=EvaluationPlan(every=new.epochs * data.info.train_size) if all_data else EvaluationPlan(),
            test=True,
        )
        result = run_trial(request, data, show)
        if result.state != "complete":
            raise RunError(f"the training with seed {new.seed} failed: {result.reason}")
        result = _without_validation(folder.local, result) if all_data else finalize(study.spec, result)
        folder.publish()
    results.add_finished(study.store, new, result)
    return Trained(new.seed, result, child(study.spec.run_location, name))


def _without_validation(folder: Path, result: Result) -> Result:
    """Remove the metrics on images that were trained on from a result and its files."""
    kept = result.model_copy(update={"validation": {}, "curve": (), "notes": (ALL_DATA, *result.notes)})
    stored = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    write_text(folder / RESULT_FILE, json.dumps({**stored, "result": kept.model_dump(mode="json")}))
    card = read_card((folder / CARD_FILE).read_text(encoding="utf-8"))
    write_text(folder / CARD_FILE, card.model_copy(update={"metrics": {}}).model_dump_json(indent=1))
    (folder / VALIDATION_FILE).unlink(missing_ok=True)
    return kept
