"""Schedulers: what happens to a trial after an evaluation, and what a free worker does next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

from automap.interfaces.component import Component
from automap.interfaces.metric import Direction

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
    """What training reports after an evaluation on the validation split."""

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
    cost: dict[str, float] = field(default_factory=dict)
    """Costs known so far: ``parameters``, ``flops``, ``latency_ms``, ``latency_p95_ms``."""


class Decision(Enum):
    """What happens to a trial after an evaluation."""

    CONTINUE = "continue"
    PAUSE = "pause"
    """Stop training and keep the checkpoint: the trial can be resumed."""
    FINISH = "finish"
    """Finish the trial early: let its learning rate decay now, evaluate and complete it."""
    STOP = "stop"
    """End the trial; it is not resumed."""


@dataclass(frozen=True)
class Measurement:
    """The objectives of a trial after an evaluation."""

    images: int
    """Training images seen so far (`Evaluation.images`)."""
    values: tuple[float, ...]
    """The objectives that are known during training, in the order of the study's."""
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
    """In the order of their images."""
    parameters: Mapping[str, Any]
    """Its hyperparameters by name."""


@dataclass(frozen=True)
class StudyHistory:
    """All trials of a study as a scheduler sees them."""

    name: str
    directions: tuple[Direction, ...]
    """Of the objectives in `Measurement.values`."""
    longest_training: int
    """The most training images that any candidate may see."""
    trials: tuple[TrialHistory, ...]
    """By number."""


class Scheduler(Component, ABC):
    """Decides which trials go on.

    Every worker of a study calls its own instance of the scheduler with the same history, so an implementation keeps
    no state between calls.
    """

    group: ClassVar[str] = "automap.schedulers"

    @abstractmethod
    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Return what happens to a trial that was just evaluated.

        Args:
            trial: the trial; its last measurement is the new one.
            study: all trials, this one included.
        """

    def next_trial(self, study: StudyHistory) -> int | None:
        """Return the number of the paused trial that a free worker resumes; None to start a new trial."""
        return None
