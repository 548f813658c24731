"""Measuring how fast a process trains and evaluates a candidate."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Interval:
    """Batches trained since the last evaluation."""

    loss: float = 0.0
    steps: int = 0
    seconds: float = 0.0

    def add(self, mean_loss: float, steps: int, seconds: float) -> None:
        """Add batches."""
        self.loss += mean_loss * steps
        self.steps += steps
        self.seconds += seconds

    @property
    def mean_loss(self) -> float:
        """Mean loss of the batches; NaN without any."""
        return self.loss / self.steps if self.steps else math.nan


@dataclass
class Speed:
    """Measured speed; unknown at first."""

    steps_per_second: float | None = None
    evaluation: float = 0.0
    """Duration of the last evaluation in seconds."""
    _compiled: bool = False

    def note(self, steps: int, seconds: float) -> None:
        """Record the duration of some batches; the first ones compile the step and do not count."""
        if self._compiled and seconds > 0:
            self.steps_per_second = steps / seconds
        self._compiled = True
