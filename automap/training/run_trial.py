"""Run one trial: build a candidate, train it, measure it and write its result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import keras

from automap.data.prepare import PreparedData
from automap.exceptions import StorageError, TrainingError
from automap.interfaces.scheduler import Decision, Evaluation
from automap.store.atomic import write_text
from automap.store.files import CHECKPOINT_FILE, RESULT_FILE
from automap.store.result import CUT_SHORT, Result
from automap.training import backend
from automap.training.best_model import save_best
from automap.training.checkpoint import checkpointed_parts, discard_checkpoint, identity_of
from automap.training.evaluate import Evaluated
from automap.training.failures import OutOfMemoryError, failures_explained
from automap.training.heads.trial import HeadTrial
from automap.training.heads.views import trains_only_a_head, unfitted_head
from automap.training.importance import importance_note, input_importance
from automap.training.measure import memory
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.model_io import model_card, save_model, save_network
from automap.training.progress import Progress
from automap.training.request import EvaluationPlan, OutOfTime, Paused, TrialRequest
from automap.training.samples import save_samples
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.training.trainer import Trainer
from automap.training.trial_result import make_result, peaks, read_result, violated
from automap.training.validation_outputs import save_validation_outputs

Report = Callable[[Evaluation], Decision]

DEADLINE_STEP_SECONDS = 5.0
"""Seconds between two checks of the clock in a trial with a deadline."""


def always_continue(_: Evaluation) -> Decision:
    """Always continue: the default callback."""
    return Decision.CONTINUE


def run_trial(
    request: TrialRequest,
    data: PreparedData,
    report: Report = always_continue,
    compiled: CompiledModels | None = None,
) -> Result:
    """Train a candidate and return its result.

    If the directory contains a checkpoint of the trial, training resumes from it. If it contains its result, because a
    process died before the result was stored, that is returned.

    Args:
        request: what to train.
        data: the data set.
        report: called after every evaluation; returns what happens to the trial.
        compiled: compiled models of earlier trials of this process; None to compile always.

    Returns:
        The result. Errors while building or training give a failed result with the reason.

    Raises:
        Paused: if `report` asked for it; the checkpoint is kept.
        OutOfTime: if the deadline left no time to finish; the checkpoint is kept.
        OSError: if the directory cannot be written, for instance because the disk is full.
        StorageError: if the directory is a link, or the decoded data set is damaged.
    """
    directory, identity = request.directory, identity_of(request, data)
    _create(directory)
    progress = Progress()
    finished = read_result(directory / RESULT_FILE, identity, progress)
    if finished is not None:
        return finished
    if request.continues is not None:
        progress.notes.append(f"continues trial {request.continues}")
    try:
        result = _train_within_memory(request, data, report, progress, compiled or CompiledModels())
    finally:
        memory.release()
    write_text(directory / RESULT_FILE, json.dumps({"identity": identity, "result": result.model_dump(mode="json")}))
    discard_checkpoint(directory)
    return result


def _create(directory: Path) -> None:
    if directory.is_symlink():
        raise StorageError(f"{directory} is a link; automap only writes and deletes in its own folders")
    directory.mkdir(parents=True, exist_ok=True)


def _train_within_memory(
    request: TrialRequest, data: PreparedData, report: Report, progress: Progress, compiled: CompiledModels
) -> Result:
    """Train; if memory runs out, retry once with each batch in two parts whose gradients are summed."""
    settings, identity = request.candidate.training, identity_of(request, data)
    progress.parts = checkpointed_parts(request.directory / CHECKPOINT_FILE, identity)
    while True:
        try:
            with backend.gradients_forgotten(), backend.on_devices(settings.devices, settings.batch_size):
                return _train(request, data, report, progress, compiled)
        except OutOfMemoryError as error:
            failure = str(error)
            give_up = progress.parts > 1 or settings.batch_size < 2
        except TrainingError as error:
            # A damaged file that a reader thread finds would look like a fault of the candidate.
            data.raise_if_damaged()
            failure, give_up = str(error), True
        # Not in the except block: the error refers to the frames and thus to the model that used the memory.
        compiled.clear()
        if give_up:
            return make_result("failed", progress, reason=failure)
        memory.release()
        discard_checkpoint(request.directory)
        note = f"trained with batches in two parts of {settings.batch_size // 2}: {failure}"
        progress.take(Progress(parts=2, notes=[note]))


def _train(
    request: TrialRequest, data: PreparedData, report: Report, progress: Progress, compiled: CompiledModels
) -> Result:
    """Train once, in the order of execution; `progress` is kept up to date."""
    started = time.perf_counter()
    memory.reset_peak()
    backend.reset_gpu_peak()
    if (fault := unfitted_head(request.candidate)) is not None:
        return make_result("failed", progress, reason=fault)
    if trains_only_a_head(request.candidate) and request.extras.combine_gradients is None:
        return _train_head(request, data, report, progress, compiled)

    with failures_explained():
        trainer = Trainer(request, data, identity_of(request, data), progress, compiled)
        trainer.resume()

    for measure in () if progress.cost else (static_costs, latency_costs):
        with failures_explained():
            progress.cost |= measure(trainer.model.network)
        if (reason := violated(request.constraints, progress.cost)) is not None:
            return make_result("infeasible", progress, reason=reason)

    plan = request.evaluation
    if not isinstance(plan, EvaluationPlan):
        with failures_explained():
            pace = trainer.measure_pace(time.perf_counter() - started)
        plan = plan(pace)

    # A very short training may end while its pace is measured; it is evaluated anyway.
    while (progress.steps < trainer.last_step or not progress.curve) and not trainer.stops_early():
        evaluation = _evaluate(trainer, _fit_to_next_evaluation(trainer, plan))
        decision = report(evaluation)
        _offer_best(trainer)
        match decision:
            case Decision.PAUSE:
                raise Paused
            case Decision.STOP:
                return make_result(
                    "pruned", progress, reason=f"stopped by the scheduler after {evaluation.epoch:.3g} epochs"
                )
            case Decision.FINISH if not trainer.finishes_early:
                trainer.finish_early()

    return _complete(trainer)


def _evaluate(trainer: Trainer, images: int | None) -> Evaluation:
    with failures_explained():
        evaluation = trainer.evaluate(images)
    trainer.save()
    return evaluation


def _offer_best(trainer: Trainer) -> None:
    """Offer the weights to whoever publishes the study's best model, if they are the trial's best so far."""
    if trainer.progress.best_point == len(trainer.progress.curve):
        trainer.request.on_improvement(lambda folder: save_best(trainer, folder))


def _train_head(
    request: TrialRequest, data: PreparedData, report: Report, progress: Progress, compiled: CompiledModels
) -> Result:
    """Fit a head on cached features; its only evaluation is at the end."""
    with failures_explained():
        trial = HeadTrial(request, data, progress, compiled.frozen)
        if (reason := violated(request.constraints, progress.cost)) is not None:
            return make_result("infeasible", progress, reason=reason)
        head = trial.fit()
        best = trial.evaluate(head, "validation")
        evaluation = trial.note(best)
        tested = trial.evaluate(head, "test").metrics if request.test else None
    match report(evaluation):
        case Decision.PAUSE:
            raise Paused
        case Decision.STOP:
            return make_result("pruned", progress, reason="stopped by the scheduler")
    progress.cost |= {"train_seconds": progress.seconds, **peaks()}
    keep = request.keep_weights and request.is_worth_keeping(best.metrics, progress.cost)
    if keep:
        with failures_explained():
            network = trial.network(head)
        progress.cost["size_bytes"] = float(_keep(request, data, network, best))
    result = make_result("complete", progress, test=tested)
    return result.model_copy(update={"validation": best.metrics, "artifacts": request.directory.name if keep else None})


def _keep(request: TrialRequest, data: PreparedData, network: keras.Model, best: Evaluated) -> int:
    save_validation_outputs(request.directory, best, data)
    save_samples(request.directory, data)
    return save_model(request.directory, network, request.candidate, data.info, best.metrics)


def _fit_to_next_evaluation(trainer: Trainer, plan: EvaluationPlan) -> int | None:
    """Train up to the next evaluation, or less if the deadline requires it.

    Returns:
        The training images at which the evaluation is due; None at the end of a trial that finishes early.

    Raises:
        OutOfTime: if there is not enough time left.
    """
    progress = trainer.progress
    images = min(plan.next_after(trainer.images, trainer.epoch_images), trainer.total_images)
    step = trainer.last_step if trainer.finishes_early else trainer.step_at(images)
    while progress.steps < step:
        stop = step
        if trainer.request.deadline is not None:
            _keep_deadline(trainer)
            step = trainer.last_step if trainer.finishes_early else step
            seconds = min(DEADLINE_STEP_SECONDS, max(trainer.seconds_left, 0.0) / 4)
            stop = min(step, trainer.step_within(seconds))
        with failures_explained():
            trainer.fit(stop)
    return None if trainer.finishes_early else images


def _keep_deadline(trainer: Trainer) -> None:
    """Begin the final decay if there is just enough time for it, or shorten it if the machine has become slower.

    Raises:
        OutOfTime: if there is not enough time left.
    """
    request, steps = trainer.request, trainer.progress.steps
    seconds = trainer.seconds_left - trainer.seconds_to(steps)
    if trainer.finishes_early:
        trainer.hasten(seconds)
    elif trainer.seconds_left < trainer.seconds_to_finish():
        if request.completes_late and not steps:
            # Without any training there would be no model at all.
            return
        if not steps or not request.may_finish_early or (seconds <= 0 and not request.completes_late):
            if steps:
                trainer.save()
            raise OutOfTime
        trainer.finish_early(seconds)


def _complete(trainer: Trainer) -> Result:
    """Evaluate and save the best weights."""
    request, progress = trainer.request, trainer.progress
    with failures_explained():
        best = trainer.load_best()
        tested = trainer.evaluate_split("test").metrics if request.test else None
    if request.keep_weights:
        save_validation_outputs(request.directory, best, trainer.data)
        save_samples(request.directory, trainer.data)
    card = model_card(request.candidate, trainer.data.info, best.metrics)
    if request.keep_weights and (importance := _importance(trainer)):
        card = card.model_copy(update={"importance": importance})
    size = save_network(request.directory, trainer.network_to_save, card, keep=request.keep_weights)
    progress.cost |= {"size_bytes": float(size), "train_seconds": progress.seconds, **peaks()}
    if trainer.finishes_early:
        epochs = request.candidate.training.epochs
        why = f" {CUT_SHORT}" if progress.cut_short else ""
        progress.notes.append(f"finished early after {progress.epoch:.3g} of {epochs} epochs{why}")
    result = make_result("complete", progress, test=tested)
    artifacts = request.directory.name if request.keep_weights else None
    return result.model_copy(update={"validation": best.metrics, "artifacts": artifacts})


def _importance(trainer: Trainer) -> dict[str, float]:
    """Return the importance of each of several inputs, and note it; empty if the image is the only one."""
    metric, _ = trainer.request.watched
    with failures_explained():
        found = input_importance(trainer.model.network, trainer.request.candidate.task, trainer.data, metric)
    if found:
        trainer.progress.notes.append(importance_note(found, metric))
    return found
