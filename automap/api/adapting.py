"""Going on with a trained model on new images or classes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from automap.api.models import study_and_trial
from automap.api.open import open_study
from automap.api.reopening import reopen_to_write
from automap.api.retraining import Report, free_seeds, winning_trial
from automap.data.joined import JoinedData, Part
from automap.data.prepare import PreparedData, prepare
from automap.exceptions import RunError, UserError
from automap.interfaces.array import Array
from automap.interfaces.scheduler import Decision, Evaluation
from automap.models.compress.measure import split_metrics
from automap.models.compress.tuning import tuning_candidate
from automap.models.keras_runtime import KerasRuntime
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.spec.candidate import Candidate
from automap.spec.load import load_spec
from automap.spec.objectives import Objective
from automap.store import results
from automap.store.atomic import write_text
from automap.store.files import NETWORK_FILE, RESULT_FILE, run_folder_name
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.training.extras import TrainingExtras

LAST_LAYER = "logits"
PARTS: tuple[Part, ...] = ("old", "new")
NOTE = "trained on new images too; metrics are those on the study's own images"


class Change(NamedTuple):
    """What a training on new data changed."""

    part: Part
    """The data that the metrics are computed on: those of the study, or the new ones."""
    before: dict[str, float]
    """Validation metrics of the model before; empty where it does not know all classes."""
    after: dict[str, float]


class Adapted(NamedTuple):
    """A model that went on with new data."""

    seed: int
    place: Path
    added: tuple[str, ...]
    """Classes that the model did not know."""
    changes: list[Change]


def adapt(model: str, spec_file: Path, epochs: int | None, report: Report, storage: str | None = None) -> Adapted:
    """Train a trial's model on its own and on new images together, from its weights; imports Keras.

    The row that is stored has the metrics on the study's own validation and test splits, which show what is lost there.

    Args:
        model: ``STUDY:TRIAL``, or a study's name or spec file, which stands for its winner.
        spec_file: a spec whose data set is the new one.
        epochs: None for a third of the trial's.
        report: shows progress.
        storage: URL of the database; None as in `automap.open_study`.

    Raises:
        UserError: if the new data do not fit the model.
        RunError: if the training failed.
    """
    name, trial = study_and_trial(model)
    opened = open_study(name, storage)
    study = reopen_to_write(opened)
    if study.spec.remote_runs is not None:
        raise UserError("models of a study whose run directory is a URL cannot go on with new data")
    trial = winning_trial(study) if trial is None else trial
    old = prepare(study.spec.dataset, shared=study.spec.cache)
    data = JoinedData(old, _new_data(spec_file, old))
    (seed,) = free_seeds(study, trial, 1)
    trained = Candidate.model_validate(opened.trial(trial).candidate)
    candidate = tuning_candidate(trained, epochs or max(1, trained.training.epochs // 3))
    directory = study.spec.run_directory / run_folder_name("trained", trial, seed)
    parent = load_model(opened.model_location(trial))
    changes, result = _train(parent, candidate, data, TrainingPlace(directory, seed), report)
    described = {**candidate.to_data(), "adapted_to": str(spec_file)}
    results.add_finished(study.store, NewRun(trial, "trained", seed, described, candidate.training.epochs), result)
    known = getattr(old.info.target, "classes", ())
    added = tuple(name for name in getattr(data.info.target, "classes", ()) if name not in known)
    return Adapted(seed, directory, added, changes)


class TrainingPlace(NamedTuple):
    """Where a training writes, and its seed."""

    directory: Path
    seed: int


def _new_data(spec_file: Path, old: PreparedData) -> PreparedData:
    """Return the data set of a spec, decoded to the images that a model takes."""
    image, dataset = old.info.image, load_spec(spec_file).dataset
    height, width, channels = image.shape
    decoding = {
        "image_size": (height, width),
        "channels": channels,
        "bit_depth": image.bit_depth,
        "resize": image.resize,
    }
    return prepare(dataset.model_copy(update=decoding))


def _train(
    parent: LoadedModel, candidate: Candidate, data: JoinedData, place: TrainingPlace, report: Report
) -> tuple[list[Change], Result]:
    from automap.training.request import TrialRequest
    from automap.training.run_trial import run_trial

    def show(evaluation: Evaluation) -> Decision:
        report(place.seed, evaluation)
        return Decision.CONTINUE

    known, wanted = (len(getattr(info.target, "classes", ())) for info in (parent.info, data.info))
    before = {part: split_metrics(parent, data.part(part), "validation") for part in PARTS} if known == wanted else {}
    if not before:
        before = {"old": dict(parent.metrics)}
    metric = candidate.task.default_objective
    with tempfile.TemporaryDirectory(prefix="automap-adapt-") as folder:
        request = TrialRequest(
            candidate=candidate,
            seed=place.seed,
            directory=place.directory,
            objective=Objective(metric=metric, direction=candidate.task.metrics[metric].direction),
            extras=TrainingExtras(initial_weights=_saved(parent, Path(folder)), head=_wider_head(parent, wanted)),
        )
        result = run_trial(request, data, show)
    if result.state != "complete":
        raise RunError(f"the training failed: {result.reason}")
    model = load_model(place.directory)
    changes = [
        Change(part, before.get(part, {}), split_metrics(model, data.part(part), "validation")) for part in PARTS
    ]
    old = data.part("old")
    tested = split_metrics(model, old, "test") if len(old.splits["test"]) else None
    kept = result.model_copy(update={"validation": changes[0].after, "test": tested, "notes": (NOTE, *result.notes)})
    stored = json.loads((place.directory / RESULT_FILE).read_text(encoding="utf-8"))
    write_text(place.directory / RESULT_FILE, json.dumps({**stored, "result": kept.model_dump(mode="json")}))
    return changes, kept


def _network(model: LoadedModel) -> keras.Model:
    assert isinstance(model.runtime, KerasRuntime)
    return model.runtime.network


def _saved(model: LoadedModel, folder: Path) -> Path:
    path = folder / NETWORK_FILE
    _network(model).save(path)
    return path


def _wider_head(model: LoadedModel, classes: int) -> dict[str, list[Array]] | None:
    """Return the weights of the last layer with columns for new classes, which start as unlikely ones."""
    network = _network(model)
    if LAST_LAYER not in {layer.name for layer in network.layers}:
        return None
    kernel, bias = network.get_layer(LAST_LAYER).get_weights()
    more = classes - kernel.shape[-1]
    if more <= 0:
        return None
    wide = np.concatenate([kernel, np.zeros((*kernel.shape[:-1], more), kernel.dtype)], axis=-1)
    return {LAST_LAYER: [wide, np.concatenate([bias, np.full(more, bias.min(), bias.dtype)])]}
