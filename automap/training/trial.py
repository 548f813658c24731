"""One trial: a candidate is built, trained, evaluated and scored."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import keras

from automap.data.batches import epoch_batches, steps_of
from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.spec.candidate import Candidate
from automap.spec.kinds import SplitName
from automap.spec.objectives import Constraint, Objective, objective_value
from automap.store.result import Result
from automap.training.backend import is_out_of_memory, peak_memory
from automap.training.build import build_model
from automap.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from automap.training.costs import latency_costs, size_cost, static_costs
from automap.training.evaluate import evaluate, evaluation_weights
from automap.training.export import save_model
from automap.training.model import TrainingModel

CHECKPOINT = "checkpoint.npz"


@dataclass(frozen=True)
class EpochReport:
    """What an epoch gave."""

    epoch: int
    """From 1."""
    epochs: int
    """How many there will be."""
    metrics: dict[str, float]
    """On the validation split."""
    seconds: float
    cost: dict[str, float] = field(default_factory=dict)
    """What is known of the costs during training."""


class Verdict(Enum):
    """Whether a trial goes on after an epoch."""

    CONTINUE = "continue"
    PRUNE = "prune"
    INTERRUPT = "interrupt"


class Interrupted(Exception):  # noqa: N818
    """A trial stopped at the end of an epoch; its checkpoint lets it go on elsewhere."""


def run_trial(
    candidate: Candidate,
    data: PreparedData,
    *,
    seed: int,
    directory: Path,
    objective: Objective,
    constraints: Sequence[Constraint] = (),
    report: Callable[[EpochReport], Verdict] = lambda _: Verdict.CONTINUE,
    test: bool = False,
) -> Result:
    """Train a candidate and return what it gave; it goes on from its checkpoint if `directory` has one.

    Args:
        candidate: what to train.
        data: the data set.
        seed: of the initial weights, the order of the data, augmentation and dropout.
        directory: the trial's folder: its checkpoint while it runs, its model afterwards.
        objective: the first objective; the weights of the epoch in which it is best are kept.
        constraints: those that can be checked before training are, and end the trial.
        report: told of every epoch; says whether to go on.
        test: whether to measure on the test split too, once, at the end. For finalists only.

    Returns:
        The result. Whatever goes wrong in building and training is a failed result with its reason.

    Raises:
        Interrupted: if `report` said so; the checkpoint stays.
        OSError: if the folder cannot be written, for instance because the disk is full.
    """
    cost: dict[str, float] = {}
    progress = Progress()
    try:
        keras.utils.set_random_seed(seed)
        batch_size = min(candidate.training.batch_size, len(data.splits["train"]))
        model = build_model(candidate, data.info, steps_of(data, batch_size))
        cost |= static_costs(model.network)
        if (reason := _infeasible(constraints, cost)) is not None:
            return Result(state="infeasible", reason=reason, cost=cost)
        progress = load_checkpoint(directory / CHECKPOINT, model)
        state = _train(model, candidate, data, seed, directory, objective, report, progress, cost)
        return _score(model, candidate, data, directory, state, progress, cost, test=test)
    except (Interrupted, OSError):
        raise
    except Exception as error:  # A plugin's code may raise anything; the trial fails, the study goes on.
        return Result(state="failed", reason=_reason(error), cost=cost, curve=tuple(progress.curve))
    finally:
        # Keras holds on to every model of a process otherwise, and a worker trains many.
        keras.utils.clear_session(free_memory=False)
        gc.collect()


def _infeasible(constraints: Sequence[Constraint], cost: dict[str, float]) -> str | None:
    for constraint in constraints:
        violation = constraint.violation(cost)
        if violation is not None and violation > 0:
            return constraint.describe(cost)
    return None


def _train(
    model: TrainingModel,
    candidate: Candidate,
    data: PreparedData,
    seed: int,
    directory: Path,
    objective: Objective,
    report: Callable[[EpochReport], Verdict],
    progress: Progress,
    cost: dict[str, float],
) -> str:
    """Train epoch by epoch; return ``complete`` or ``pruned``."""
    settings = candidate.training
    batch_size = min(settings.batch_size, len(data.splits["train"]))
    for epoch in range(progress.epoch, settings.epochs):
        started = time.perf_counter()
        loss = _fit_epoch(model, data, batch_size, seed, epoch)
        with evaluation_weights(model):
            metrics = evaluate(model.network, candidate.task, data, "validation", batch_size)
            _keep_best(model, progress, epoch + 1, metrics, objective, cost)
        seconds = time.perf_counter() - started
        rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        progress.curve.append(
            {"epoch": epoch + 1, "seconds": seconds, "learning_rate": rate, "train_loss": loss, **metrics}
        )
        progress.seconds += seconds
        save_checkpoint(directory / CHECKPOINT, model, progress)
        verdict = report(EpochReport(epoch + 1, settings.epochs, metrics, seconds, cost))
        if verdict is Verdict.INTERRUPT:
            raise Interrupted
        if verdict is Verdict.PRUNE:
            return "pruned"
        if settings.early_stopping is not None and epoch + 1 - progress.best_epoch >= settings.early_stopping:
            break
    return "complete"


def _fit_epoch(model: TrainingModel, data: PreparedData, batch_size: int, seed: int, epoch: int) -> float:
    batches = epoch_batches(data, batch_size, seed, epoch)
    history = model.fit(batches, batch_size=_unless_batched(batches, batch_size), shuffle=False, verbose=0)
    loss = float(history.history["loss"][-1])
    if not math.isfinite(loss):
        raise TrainingError(f"the loss became {loss} in epoch {epoch + 1}; try a lower learning rate or gradient_clip")
    return loss


def _unless_batched(batches: object, batch_size: int) -> int | None:
    return batch_size if isinstance(batches, dict) else None


def _keep_best(
    model: TrainingModel,
    progress: Progress,
    epoch: int,
    metrics: dict[str, float],
    objective: Objective,
    cost: dict[str, float],
) -> None:
    value = objective_value(objective, metrics, cost)
    if progress.best_epoch:
        before = objective_value(objective, progress.curve[progress.best_epoch - 1], cost)
        # A cost as first objective is the same in every epoch: then the last one is kept.
        if value is None or (
            before is not None and before != value and (value > before) != (objective.direction == "maximize")
        ):
            return
    progress.best_epoch = epoch
    progress.best_weights = model.network.get_weights()


def _is_worse(value: float, other: float, objective: Objective) -> bool:
    return value < other if objective.direction == "maximize" else value > other


def _score(
    model: TrainingModel,
    candidate: Candidate,
    data: PreparedData,
    directory: Path,
    state: str,
    progress: Progress,
    cost: dict[str, float],
    *,
    test: bool,
) -> Result:
    """Measure the best weights and save them."""
    network = model.network
    network.set_weights(progress.best_weights)
    cost |= {"train_seconds": progress.seconds, "peak_memory_bytes": peak_memory()}
    tested = None
    if state == "complete":
        cost |= latency_costs(network)
        cost |= size_cost(save_model(directory, network, candidate, data.info))
        splits: tuple[SplitName, ...] = ("test",) if test and len(data.splits["test"]) else ()
        for split in splits:
            tested = evaluate(network, candidate.task, data, split, candidate.training.batch_size)
    (directory / CHECKPOINT).unlink(missing_ok=True)
    not_metrics = {"epoch", "seconds", "learning_rate", "train_loss"}
    best = progress.curve[progress.best_epoch - 1]
    return Result(
        state=state,
        validation={name: value for name, value in best.items() if name not in not_metrics},
        test=tested,
        cost=cost,
        curve=tuple(progress.curve),
        notes=(f"weights of epoch {progress.best_epoch}",),
        artifacts=directory.name,
    )


def _reason(error: Exception) -> str:
    first = str(error).strip().split("\n", 1)[0]
    if is_out_of_memory(error):
        return f"out of memory: {first}; try a smaller batch_size"
    if isinstance(error, TrainingError):
        return first
    return f"{type(error).__name__}: {first}"
