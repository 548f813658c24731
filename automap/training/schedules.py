"""The learning rate's course: a linear warm-up, then constant, cosine or one-cycle."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

Course = Literal["constant", "cosine", "one_cycle"]

ONE_CYCLE_RISE = 0.3
"""Share of the steps in which a one-cycle schedule rises (Smith & Topin, 2018, arXiv:1708.07120)."""
ONE_CYCLE_START = 1 / 25
"""The learning rate from which a one-cycle schedule rises, as a share of its peak."""


@keras.saving.register_keras_serializable("automap")
class WarmUpSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Rises linearly to the peak, then follows its course to the last step.

    Args:
        peak: the largest learning rate.
        steps: optimizer steps of the whole training.
        warmup: share of the steps in which the rate rises, 0 to 1; a one-cycle schedule has its own.
        course: ``constant``; ``cosine`` falls to zero (Loshchilov & Hutter, 2017, arXiv:1608.03983);
            ``one_cycle`` rises and falls along cosines.
    """

    def __init__(self, peak: float, steps: int, warmup: float = 0.0, course: Course = "cosine") -> None:
        super().__init__()
        self.peak, self.steps, self.warmup, self.course = peak, steps, warmup, course

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of an optimizer step, counted from 0."""
        done = ops.cast(step, "float32")
        if self.course == "one_cycle":
            rise = max(1.0, ONE_CYCLE_RISE * self.steps)
            up = ONE_CYCLE_START + (1 - ONE_CYCLE_START) * (1 - _half_cosine(done / rise))
            down = _half_cosine((done - rise) / max(1.0, self.steps - rise))
            return self.peak * ops.where(done < rise, up, down)
        rise = max(1.0, self.warmup * self.steps)
        after = _half_cosine((done - rise) / max(1.0, self.steps - rise)) if self.course == "cosine" else 1.0
        if self.warmup == 0:
            return self.peak * (_half_cosine(done / self.steps) if self.course == "cosine" else ops.ones_like(done))
        return self.peak * ops.where(done < rise, (done + 1) / (rise + 1), after)

    def get_config(self) -> dict[str, Any]:
        """Return what Keras needs to make the schedule again."""
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup, "course": self.course}


def _half_cosine(share: Any) -> Any:
    """Return a fall from 1 to 0 while `share` goes from 0 to 1."""
    return 0.5 * (1 + ops.cos(math.pi * ops.clip(share, 0.0, 1.0)))
