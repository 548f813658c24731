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
class Evaluation:
    """What training reports after an evaluation on the validation split."""

    epoch: int
    """Epochs trained so far."""
    epochs: int
    """Epochs of the whole training."""
    metrics: dict[str, float]
    """On the validation split."""
    seconds: float
    """Duration of the last epoch, evaluation included."""
    cost: dict[str, float] = field(default_factory=dict)
    """Costs known so far: ``parameters``, ``flops``, ``latency_ms``, ``latency_p95_ms``."""


class Decision(Enum):
    """What happens to a trial after an evaluation."""

    CONTINUE = "continue"
    PAUSE = "pause"
    """Stop training and keep the checkpoint: the trial can be resumed."""
    STOP = "stop"
    """End the trial."""


@dataclass(frozen=True)
class Measurement:
    """The objectives of a trial after an evaluation."""

    epoch: int
    """Epochs trained so far."""
    values: tuple[float, ...]
    """The objectives that are known during training, in the order of the study's."""
    seconds: float
    """Training time so far."""


@dataclass(frozen=True)
class TrialHistory:
    """One trial as a scheduler sees it."""

    number: int
    state: TrialState
    epochs: int
    """Epochs of its whole training."""
    measurements: tuple[Measurement, ...]
    """In the order of their epochs."""
    parameters: Mapping[str, Any]
    """Its hyperparameters by name."""


@dataclass(frozen=True)
class StudyHistory:
    """All trials of a study as a scheduler sees them."""

    name: str
    directions: tuple[Direction, ...]
    """Of the objectives in `Measurement.values`."""
    longest_training: int
    """The most epochs that any candidate may have."""
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
