"""One trial: a candidate is built, trained, measured and scored."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np

from automap.data.batches.batches import TrainingBatches
from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.metric import Direction
from automap.interfaces.scheduler import Decision, Evaluation
from automap.interfaces.task import Task
from automap.spec.candidate import Candidate
from automap.spec.objectives import Constraint, Objective
from automap.store.files import RESULT_FILE
from automap.store.result import Result, State
from automap.training import backend
from automap.training.averaging import copied_weights, evaluation_weights
from automap.training.build import build_model
from automap.training.checkpoint import (
    Progress,
    checkpointed_parts,
    discard_checkpoint,
    identity_of,
    restore_checkpoint,
    save_checkpoint,
)
from automap.training.evaluate import evaluate
from automap.training.failures import OutOfMemoryError, failures_explained
from automap.training.measure import memory
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.model import TrainingModel
from automap.training.model_io import save_model, write_text
from automap.training.step_reuse.compiled_cache import CompiledModels, compilation_key

_CALMER = "try a lower learning rate or training.gradient_clip"

_NOT_METRICS = frozenset({"epoch", "seconds", "learning_rate", "train_loss"})


class Paused(Exception):  # noqa: N818
    """A trial stopped after an evaluation; it continues from its checkpoint."""


def go_on(_: Evaluation) -> Decision:
    """Let every trial train to its end: the report to give where nothing watches."""
    return Decision.CONTINUE


def run_trial(
    candidate: Candidate,
    data: PreparedData,
    *,
    seed: int,
    directory: Path,
    objective: Objective,
    constraints: Sequence[Constraint] = (),
    report: Callable[[Evaluation], Decision] = go_on,
    test: bool = False,
    keep_weights: bool = True,
    compiled: CompiledModels | None = None,
) -> Result:
    """Train a candidate and return what it gave.

    If `directory` holds its checkpoint, training goes on from there, and if it holds its result, because the
    process died before the caller could store it, that is returned.

    Args:
        candidate: what to train.
        data: the data set.
        seed: of the initial weights, the order of the data, augmentation and dropout.
        directory: the trial's own folder: its checkpoint while it trains; afterwards ``result.json`` and, of
            a complete trial, ``model.keras`` and ``model.json``.
        objective: the weights of the epoch in which it is best are kept, and early stopping watches it. If it
            is a cost, which no epoch changes, the task's default objective takes its place.
        constraints: those on costs that are known before training are checked then.
        report: told of every epoch; says whether to go on.
        test: whether to measure on the test split too, once, at the end. For finalists only.
        keep_weights: whether to leave the model in `directory`.
        compiled: models of this process's earlier trials, which need not be compiled again; None for none.

    Returns:
        The result. What goes wrong in building and training is a failed result with its reason.

    Raises:
        Paused: if `report` said so; the checkpoint stays.
        OSError: if `directory` cannot be written, for instance because the disk is full.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ended = _read_result(directory, identity := identity_of(candidate, data, seed))
    if ended is not None:
        return ended
    progress = Progress(parts=checkpointed_parts(directory, identity))
    compiled = CompiledModels() if compiled is None else compiled
    train = partial(
        _train,
        candidate,
        data,
        seed,
        directory,
        identity,
        objective,
        constraints,
        report,
        test,
        keep_weights,
        progress,
        compiled,
    )
    try:
        settings = candidate.training
        with backend.gradients_forgotten(), backend.on_devices(settings.devices, settings.batch_size):
            result = _trained_within_memory(train, directory, candidate.training.batch_size, progress, compiled)
    except TrainingError as error:
        compiled.clear()
        result = _result("failed", progress, reason=str(error))
    finally:
        memory.release()
    write_text(directory / RESULT_FILE, json.dumps({"identity": identity, "result": result.model_dump(mode="json")}))
    discard_checkpoint(directory)
    return result


def _trained_within_memory(
    train: Callable[[], Result], directory: Path, batch_size: int, progress: Progress, compiled: CompiledModels
) -> Result:
    """Train; if memory is not enough, once more with each batch in two parts, whose gradients are summed."""
    try:
        return train()
    except OutOfMemoryError as error:
        if progress.parts > 1 or batch_size < 2:
            raise
        note = f"trained with batches in two parts of {batch_size // 2}: {error}"
    # Here, not above: the error holds the frames, and with them the model that took the memory.
    compiled.clear()
    memory.release()
    discard_checkpoint(directory)
    progress.take(Progress(parts=2, notes=[note]))
    return train()


def _train(
    candidate: Candidate,
    data: PreparedData,
    seed: int,
    directory: Path,
    identity: str,
    objective: Objective,
    constraints: Sequence[Constraint],
    report: Callable[[Evaluation], Decision],
    test: bool,
    keep_weights: bool,
    progress: Progress,
    compiled: CompiledModels,
) -> Result:
    """Do what `run_trial` says, in the order of execution; `progress` is left as far as it came."""
    memory.reset_peak()
    backend.reset_gpu_peak()
    settings, task = candidate.training, candidate.task
    watched, direction = _watched(objective, task)

    with failures_explained():
        keras.utils.set_random_seed(seed)
        batches = TrainingBatches(data, settings.batch_size, seed, candidate.loss.images_per_class, progress.parts)
        fresh = build_model(candidate, data, batches.batch_size, batches.steps, progress.parts)
        model = compiled.adopt(compilation_key(candidate, data, progress.parts), fresh)
        network, loss, finished = model.network, model.training_loss, fresh.finished
        del fresh

    progress.take(restore_checkpoint(directory, identity, model))

    for measure in () if progress.cost else (static_costs, latency_costs):
        with failures_explained():
            progress.cost |= measure(network)
        if (reason := _violated(constraints, progress.cost)) is not None:
            return _result("infeasible", progress, reason=reason)

    for epoch in range(progress.epoch + 1, settings.epochs + 1):
        if _is_stale(progress, settings.early_stopping):
            progress.notes.append(f"stopped early after {progress.epoch} of {settings.epochs} epochs")
            break
        started = time.perf_counter()
        with failures_explained():
            train_loss, rate = _fit_epoch(model, batches, epoch)
            with evaluation_weights(network, model.optimizer, model.average):
                metrics = evaluate(network, task, loss, data, "validation", batches.batch_size)
                if _is_better(metrics[watched], progress.best_value, direction):
                    progress.keep(epoch, metrics[watched], copied_weights(network))
        seconds = time.perf_counter() - started
        point = {"epoch": epoch, "seconds": seconds, "learning_rate": rate, "train_loss": train_loss}
        progress.curve.append({**point, **metrics})
        save_checkpoint(directory, identity, model, progress)

        match report(
            Evaluation(
                images=epoch * data.info.train_size,
                total_images=settings.epochs * data.info.train_size,
                epoch=epoch,
                epochs=settings.epochs,
                metrics=metrics,
                seconds=seconds,
                cost=dict(progress.cost),
            )
        ):
            case Decision.PAUSE:
                raise Paused
            case Decision.FINISH:
                break
            case Decision.STOP:
                return _result("pruned", progress, reason=f"weaker than others after {epoch} epochs")

    network.set_weights(progress.weights)
    tested = None
    if test:
        with failures_explained():
            tested = evaluate(network, task, loss, data, "test", batches.batch_size)
    finished.set_weights(progress.weights)
    size = save_model(directory, finished, candidate, data.info, _best_metrics(progress), keep=keep_weights)
    progress.cost |= {"size_bytes": float(size), "train_seconds": progress.seconds, **_peaks()}
    artifacts = directory.name if keep_weights else None
    return _result("complete", progress, test=tested, artifacts=artifacts)


def _watched(objective: Objective, task: Task) -> tuple[str, Direction]:
    if objective.metric in task.metrics:
        return objective.metric, objective.direction
    return task.default_objective, task.metrics[task.default_objective].direction


def _violated(constraints: Sequence[Constraint], cost: dict[str, float]) -> str | None:
    for constraint in constraints:
        violation = constraint.violation(cost)
        if violation is not None and violation > 0:
            return constraint.describe(cost)
    return None


def _is_stale(progress: Progress, patience: int | None) -> bool:
    return patience is not None and progress.epoch - progress.best_epoch >= patience


def _fit_epoch(model: TrainingModel, batches: TrainingBatches, epoch: int) -> tuple[float, float]:
    """Train for an epoch, from 1; return its mean loss and the last learning rate."""
    # Keras warns of batches that end by themselves.
    history = model.fit(batches.epoch(epoch - 1), steps_per_epoch=batches.steps, verbose=0, shuffle=False)
    loss = float(history.history["loss"][-1])
    if not math.isfinite(loss):
        raise TrainingError(f"the loss became {loss} in epoch {epoch}; {_CALMER}")
    # On some processors ReLU makes 0 of NaN: a broken network would go on with a finite loss.
    if broken := [weight.path for weight in model.network.trainable_weights if not _is_finite(weight)]:
        raise TrainingError(f"weights of {broken[0]} are no longer finite in epoch {epoch}; {_CALMER}")
    return loss, float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def _is_finite(weight: keras.Variable) -> bool:
    # NumPy: an operation of the backend outside the compiled step costs a hundred times as much to start.
    return bool(np.isfinite(keras.ops.convert_to_numpy(weight)).all())


def _is_better(value: float, best: float | None, direction: Direction) -> bool:
    return best is None or (value > best if direction == "maximize" else value < best)


def _peaks() -> dict[str, float]:
    found = {"peak_memory_bytes": memory.peak_bytes(), "peak_gpu_memory_bytes": backend.gpu_peak_bytes()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _best_metrics(progress: Progress) -> dict[str, float]:
    if not progress.best_epoch:
        return {}
    best = progress.curve[progress.best_epoch - 1]
    return {name: value for name, value in best.items() if name not in _NOT_METRICS}


def _result(
    state: State,
    progress: Progress,
    *,
    reason: str | None = None,
    test: dict[str, float] | None = None,
    artifacts: str | None = None,
) -> Result:
    notes = list(progress.notes)
    if state == "complete" and progress.best_epoch < progress.epoch:
        notes.append(f"weights of epoch {progress.best_epoch} of {progress.epoch}")
    return Result(
        state=state,
        reason=reason,
        validation=_best_metrics(progress),
        test=test,
        cost={"train_seconds": progress.seconds, **progress.cost},
        curve=tuple(progress.curve),
        notes=tuple(notes),
        artifacts=artifacts,
    )


def _read_result(directory: Path, identity: str) -> Result | None:
    path = directory / RESULT_FILE
    if not path.exists():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Result.model_validate(stored["result"]) if stored["identity"] == identity else None
