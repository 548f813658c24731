"""Compressing a model: make it smaller, export it, and measure the exported file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import keras

from automap.data.prepare import PreparedData
from automap.exceptions import RunError, UserError
from automap.interfaces.scheduler import Decision, Evaluation
from automap.models.compress.aware import simulated
from automap.models.compress.distil import TeacherLoss
from automap.models.compress.measure import measured
from automap.models.compress.prune import Pruned, prune
from automap.models.compress.tuning import Report, fine_tune, tuning_candidate
from automap.models.export.export import Exported, export_model
from automap.models.keras_runtime import KerasRuntime
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.spec.candidate import Candidate
from automap.spec.objectives import Objective
from automap.store.result import Result
from automap.training.extras import TrainingExtras
from automap.training.measure.costs import static_costs
from automap.training.model_io import save_network
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial
from automap.training.samples import save_samples

Method = Literal["quantize", "prune", "distill"]


class Settings(NamedTuple):
    """How to compress a model."""

    method: Method
    format: str
    """Of the exported file."""
    int8: bool
    """Whether the exported file is quantized."""
    aware: bool
    """Whether quantization is simulated in fine-tuning."""
    sparsity: float
    """Share of the channels that pruning removes."""
    epochs: int | None
    """Of each training; None for a third of the candidate's, and for all of them in distillation."""
    max_loss: float
    """Largest loss of the metric by quantization."""

    def described(self, student: int | None) -> dict[str, Any]:
        """Return the settings as they are shown."""
        own: dict[str, Any] = {"sparsity": self.sparsity} if self.method == "prune" else {}
        own |= {"aware": True} if self.aware else {}
        own |= {"student": student} if student is not None else {}
        return {"method": self.method, **own, "precision": "int8" if self.int8 else "float32", "format": self.format}


class Job(NamedTuple):
    """Where and with what to compress."""

    data: PreparedData
    """The data set that the model was trained on."""
    directory: Path
    """An existing folder."""
    seed: int
    """Of the training."""
    report: Report
    """Shows the progress of training."""


class Compressed(NamedTuple):
    """A compressed model."""

    result: Result
    exported: Exported
    pruned: Pruned | None


def compress(
    parent: LoadedModel,
    settings: Settings,
    job: Job,
    student: Candidate | None = None,
) -> Compressed:
    """Compress a model, write it into a folder, and measure the exported file in its runtime.

    Args:
        parent: the model, run by Keras.
        settings: what to do.
        job: where and with what.
        student: the candidate that learns from the model, for distillation.

    Raises:
        UserError: if a package is missing, or nothing of the network can be pruned.
        RunError: if the exported file loses more than allowed, or the training failed.
    """
    pruned: Pruned | None = None
    notes: tuple[str, ...] = ()
    model = parent
    if settings.method == "prune":
        pruned = prune(_network(parent), settings.sparsity)
        model = _tuned(parent, pruned.network, settings, job)
        notes = (f"removed {pruned.removed:,} of {pruned.total:,} channels", *_kept_whole(pruned))
    elif student is not None:
        model = _distilled(parent, student, settings, job)
    if settings.aware:
        model = _aware(model, settings, job)
    exported = export_model(model, settings.format, job.directory, int8=settings.int8, max_loss=settings.max_loss)
    result = measured(exported, job.data, job.directory)
    cost = {**static_costs(_network(model)), **result.cost}
    return Compressed(result.model_copy(update={"cost": cost, "notes": notes}), exported, pruned)


def _network(model: LoadedModel) -> keras.Model:
    assert isinstance(model.runtime, KerasRuntime)
    return model.runtime.network


def _kept_whole(pruned: Pruned) -> list[str]:
    return [f"kept all channels of {name}: {reason}" for name, reason in pruned.fixed.items()]


def _tuned(
    parent: LoadedModel,
    network: keras.Model,
    settings: Settings,
    job: Job,
) -> LoadedModel:
    candidate = Candidate.model_validate(_plain(parent.card.candidate))
    epochs = settings.epochs or max(1, candidate.training.epochs // 3)
    metrics = fine_tune(network, tuning_candidate(candidate, epochs), job.data, job.seed, job.report)
    save_samples(job.directory, job.data)
    save_network(job.directory, network, parent.card.model_copy(update={"metrics": metrics}))
    return load_model(job.directory)


def _aware(parent: LoadedModel, settings: Settings, job: Job) -> LoadedModel:
    """Fine-tune a network with simulated quantization."""
    network, samples = _network(parent), parent.samples()
    if samples is None:
        raise UserError("the model keeps no training images to find the range of activations with; train it again")
    simulation = simulated(network, samples.calibration)
    candidate = Candidate.model_validate(_plain(parent.card.candidate))
    epochs = settings.epochs or max(1, candidate.training.epochs // 3)
    metrics = fine_tune(simulation, tuning_candidate(candidate, epochs), job.data, job.seed, job.report)
    network.set_weights(simulation.get_weights())
    save_samples(job.directory, job.data)
    save_network(job.directory, network, parent.card.model_copy(update={"metrics": metrics}))
    return load_model(job.directory)


def _plain(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: candidate[name] for name in Candidate.model_fields if name in candidate}


def _distilled(
    parent: LoadedModel,
    student: Candidate,
    settings: Settings,
    job: Job,
) -> LoadedModel:
    def show(evaluation: Evaluation) -> Decision:
        job.report(round(evaluation.epoch), evaluation.epochs, dict(evaluation.metrics))
        return Decision.CONTINUE

    training = student.training
    if settings.epochs is not None:
        training = training.model_copy(update={"epochs": settings.epochs})
    metric = student.task.default_objective
    request = TrialRequest(
        candidate=student.model_copy(update={"training": training}),
        seed=job.seed,
        directory=job.directory,
        objective=Objective(metric=metric, direction=student.task.metrics[metric].direction),
        extras=TrainingExtras(second_loss=TeacherLoss(_network(parent), job.data.info.target.kind)),
    )
    result = run_trial(request, job.data, show)
    if result.state != "complete":
        raise RunError(f"the training of the student failed: {result.reason}")
    return load_model(job.directory)
