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


FIRST_STEPS = 4
"""Batches after the one that compiles the step, before the speed is known."""
FADING = 0.5
"""Weight of earlier batches each time that further ones are recorded: the speed of a busy machine changes."""


@dataclass
class Speed:
    """Measured speed; unknown at first."""

    evaluation: float = 0.0
    """Duration of the last evaluation in seconds."""
    _compiled: bool = False
    _steps: float = 0.0
    _seconds: float = 0.0

    @property
    def steps_per_second(self) -> float | None:
        """Batches a second; None before it is known."""
        return self._steps / self._seconds if self._seconds else None

    def note(self, steps: int, seconds: float) -> None:
        """Record the duration of some batches; the first ones compile the step and do not count."""
        if self._compiled:
            self._steps = FADING * self._steps + steps
            self._seconds = FADING * self._seconds + seconds
        self._compiled = True

    def steps_within(self, seconds: float) -> int:
        """Return how many batches can be trained in the given time, at least 1; few before the speed is known."""
        if not self._compiled:
            return 1
        rate = self.steps_per_second
        return FIRST_STEPS if rate is None else max(1, int(seconds * rate))
