"""The progress of a training."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

Weights = list[np.ndarray[Any, Any]]

NOT_METRICS = frozenset({"epoch", "images", "seconds", "learning_rate", "train_loss", "validation_images"})
"""Entries of learning-curve points that are not metrics."""


@dataclass(config=ConfigDict(arbitrary_types_allowed=True, extra="forbid", validate_assignment=False))
class Progress:
    """The state of a training apart from its variables."""

    curve: list[dict[str, float]] = field(default_factory=list)
    """One point for each evaluation."""
    steps: int = 0
    """Batches trained."""
    best_point: int = 0
    """The evaluation whose weights are kept, counted from 1; 0 before the first."""
    best_value: float | None = None
    """The watched metric at that evaluation."""
    ends_at: int | None = None
    """The last step of a training that finishes early; None for a full training."""
    cut_short: bool = False
    """Whether it finishes early because of its deadline."""
    decay_start: int | None = None
    """The step at which the learning rate of a training that finishes early began to decay."""
    cost: dict[str, float] = field(default_factory=dict)
    """Costs known so far; measured once, even if the training resumes on another machine."""
    notes: list[str] = field(default_factory=list)
    parts: int = 1
    """Number of parts into which each batch is divided to fit into memory."""
    weights: Weights = field(default_factory=list)
    """The network's weights at the best evaluation."""

    @property
    def seconds(self) -> float:
        """Training time including evaluations, summed over all processes that worked on it."""
        return sum(point["seconds"] for point in self.curve)

    @property
    def epoch(self) -> float:
        """Epochs trained up to the last evaluation."""
        return self.curve[-1]["epoch"] if self.curve else 0

    @property
    def best_metrics(self) -> dict[str, float]:
        """Metrics of the evaluation whose weights are kept."""
        if not self.best_point:
            return {}
        best = self.curve[self.best_point - 1]
        return {name: value for name, value in best.items() if name not in NOT_METRICS}

    @property
    def best_epoch(self) -> float:
        """Epochs trained up to the evaluation whose weights are kept."""
        return self.curve[self.best_point - 1]["epoch"] if self.best_point else 0

    def keep(self, value: float, weights: Weights) -> None:
        """Keep the weights of the evaluation that is about to be added to the learning curve."""
        self.best_point, self.best_value, self.weights = len(self.curve) + 1, value, weights

    def take(self, other: Progress) -> None:
        """Take over the state of another progress."""
        self.__dict__.update(other.__dict__)


_STORED = TypeAdapter(Progress)


def dump_progress(progress: Progress) -> dict[str, Any]:
    """Return the progress as plain data, without the weights."""
    return {name: value for name, value in vars(progress).items() if name in _FIELDS}


def load_progress(data: dict[str, Any], weights: Weights) -> Progress:
    """Read what `dump_progress` returned.

    Raises:
        ValueError: if it is not consistent.
    """
    progress = _STORED.validate_python({**data, "weights": weights}, strict=False)
    if not 0 <= progress.best_point <= len(progress.curve) or bool(progress.best_point) != bool(weights):
        raise ValueError("the best evaluation is not one of the evaluations")
    if progress.parts not in (1, 2) or progress.steps < 0:
        raise ValueError("impossible number of steps or parts")
    if any(not {"epoch", "images", "seconds"} <= point.keys() for point in progress.curve):
        raise ValueError("a point of the learning curve lacks its place")
    return progress


_FIELDS = frozenset(Progress.__dataclass_fields__) - {"weights"}
