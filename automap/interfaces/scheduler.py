"""Schedulers, which decide what happens to a trial at a rung and what a free worker does next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

from automap.interfaces.component import Component
from automap.interfaces.metric import Direction
from automap.interfaces.sampler import SearchSpace

TrialState = Literal["running", "paused", "complete", "pruned", "infeasible", "failed"]


@dataclass(frozen=True)
class Pace:
    """How fast the first trial of a study trains, measured before its first evaluation."""

    startup_seconds: float
    """Building, tracing and compiling, or restoring a checkpoint: what switching to another trial costs."""
    images_per_second: float
    """Training images a second once the step is compiled."""
    evaluation_seconds: float
    """Duration of one evaluation."""


@dataclass(frozen=True)
class Evaluation:
    """The report of an evaluation on the validation split."""

    images: int
    """Training images seen so far; an epoch counts the whole training split, so that the last evaluation of a full
    training has ``images == total_images``."""
    total_images: int
    """Training images of a full training: ``epochs`` times the size of the training split."""
    epoch: float
    """Epochs trained so far; not whole where trials are evaluated within an epoch."""
    epochs: int
    """Epochs of a full training."""
    metrics: dict[str, float]
    """On the validation split."""
    seconds: float
    """Time since the previous evaluation of the trial, this one included."""
    total_seconds: float = 0.0
    """Training time of the trial so far, on whichever workers."""
    cost: dict[str, float] = field(default_factory=dict)
    """Costs known so far: ``parameters``, ``flops``, ``latency_ms``, ``latency_p95_ms``."""
    is_last: bool = False
    """Whether training ends with this evaluation, early or not."""


class Decision(Enum):
    """What happens to a trial at a rung."""

    CONTINUE = "continue"
    PAUSE = "pause"
    """Stop training and keep the checkpoint: the trial can be resumed."""
    FINISH = "finish"
    """Finish the trial early: let its learning rate decay now, evaluate and complete it."""
    STOP = "stop"
    """End the trial; it is not resumed."""


@dataclass(frozen=True)
class Measurement:
    """The objectives of a trial at a rung."""

    images: int
    """Training images seen so far (`Evaluation.images`)."""
    values: tuple[float, ...]
    """The objectives that are known during training, in the order of `StudyHistory.directions`; a metric that is not
    finite is infinite here, and bad."""
    seconds: float
    """Training time so far."""


@dataclass(frozen=True)
class TrialHistory:
    """One trial as a scheduler sees it."""

    number: int
    state: TrialState
    images: int
    """Training images of its full training."""
    measurements: tuple[Measurement, ...]
    """One for each rung that it has reached, in ascending order."""
    parameters: Mapping[str, Any]
    """Its hyperparameters by name."""
    cohort: str = ""
    """How the sampler chose them, if it has several ways."""

    @property
    def seen(self) -> int:
        """Training images at its last measurement; 0 before the first."""
        return self.measurements[-1].images if self.measurements else 0

    def at(self, rung: int) -> Measurement | None:
        """Return the measurement at a rung; None if the trial has not reached it."""
        return next((found for found in self.measurements if found.images == rung), None)


@dataclass(frozen=True)
class StudyHistory:
    """All trials of a study as a scheduler sees them."""

    name: str
    directions: tuple[Direction, ...]
    """Of the objectives in `Measurement.values`: a cost known only at the end of a training is not among them."""
    rungs: tuple[int, ...]
    """Training images at which trials are compared, in ascending order, fixed for the whole study; the last is the
    longest training of any candidate. Empty before the first trial has measured its pace."""
    trials: tuple[TrialHistory, ...]
    """By number."""
    space: SearchSpace


class Scheduler(Component, ABC):
    """Decides which trials are trained further.

    Every worker of a study has its own instance and passes it the state of the database. Implementations must be
    stateless: a result may depend on the arguments only.
    """

    group: ClassVar[str] = "automap.schedulers"

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return the rungs of a study, in ascending order; called once, before the first rung.

        Args:
            first: training images of the shortest rung that is worth its overhead.
            longest: training images of the longest training; the last rung.
        """
        return geometric_rungs(first, longest, 3)

    @abstractmethod
    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Return what happens to a trial that has reached a rung before the end of its training.

        Args:
            trial: the trial, running; its last measurement is the new one.
            study: all trials, this one included.
        """

    def next_trial(self, study: StudyHistory) -> int | None:
        """Return the number of the paused trial that a free worker resumes; None to start a new trial."""
        return None


def geometric_rungs(first: int, longest: int, reduction: float) -> tuple[int, ...]:
    """Return rungs, each `reduction` times as long as the one before.

    Args:
        first: the shortest rung, in training images.
        longest: the longest training, always the last rung.
        reduction: above 1.
    """
    rungs = [min(first, longest)]
    # A last rung just before the end would cost an evaluation and decide nothing.
    while (following := round(rungs[-1] * reduction)) * 1.5 <= longest:
        rungs.append(following)
    return tuple(dict.fromkeys([*rungs, longest]))
