"""The learning rate's course over a training."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

Shape = Literal["constant", "cosine", "one_cycle"]

FIRST_SHARE_OF_CYCLE = 1 / 25
LAST_SHARE_OF_CYCLE = 1 / 10_000
"""Where a one-cycle schedule starts and ends, as shares of its peak (fastai's values)."""


@keras.saving.register_keras_serializable(package="automap")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A linear warm-up from zero, then one of three courses.

    - ``constant``: the peak until the end.
    - ``cosine``: half a cosine from the peak to zero (Loshchilov and Hutter, 2017, arXiv:1608.03983).
    - ``one_cycle``: a linear rise from 1/25 of the peak, then a straight fall to 1/10,000 of it (Smith and
      Topin, 2019, arXiv:1708.07120). Momentum is left alone.

    Args:
        shape: the course.
        peak: the largest learning rate.
        steps: optimizer steps of the whole training.
        warmup_steps: steps in which the learning rate rises.
    """

    def __init__(self, shape: Shape, peak: float, steps: int, warmup_steps: int) -> None:
        super().__init__()
        self.shape, self.peak, self.steps, self.warmup_steps = shape, peak, steps, warmup_steps
        self._numbers: list[Any] = [float(peak), float(steps), float(warmup_steps)]

    def hold_in(self, optimizer: keras.Optimizer) -> None:
        """Keep the numbers in variables of an optimizer: a compiled step that reads them serves others too.

        Args:
            optimizer: whose learning rate this is; not built yet.
        """
        self._numbers = [
            optimizer.add_variable((), keras.initializers.Constant(number), "float32", name=name)
            for name, number in (("peak", self.peak), ("steps", self.steps), ("warmup_steps", self.warmup_steps))
        ]

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, from 0."""
        step = ops.cast(step, "float32")
        peak, steps, warmup_steps = (ops.convert_to_tensor(number) for number in self._numbers)
        progress = ops.clip((step - warmup_steps) / ops.maximum(steps - warmup_steps, 1.0), 0.0, 1.0)
        # The first step must move: the rise is counted from one.
        risen = ops.minimum((step + 1.0) / ops.maximum(warmup_steps, 1.0), 1.0)
        if self.shape == "constant":
            return peak * risen
        if self.shape == "cosine":
            return peak * risen * 0.5 * (1.0 + ops.cos(math.pi * progress))
        rise = FIRST_SHARE_OF_CYCLE + (1.0 - FIRST_SHARE_OF_CYCLE) * risen
        fall = 1.0 - (1.0 - LAST_SHARE_OF_CYCLE) * progress
        return peak * ops.where(step < warmup_steps, rise, fall)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "shape": self.shape,
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
        }
