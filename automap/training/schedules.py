"""Learning-rate schedules."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

Shape = Literal["constant", "cosine", "one_cycle", "wsd"]

FIRST_SHARE_OF_CYCLE = 1 / 25
LAST_SHARE_OF_CYCLE = 1 / 10_000
"""First and last learning rate of a one-cycle schedule as shares of its peak (fastai's values)."""

DECAY_SHARE = 0.2
"""Share of the steps in which a ``wsd`` schedule decays."""
LONGEST_WARMUP = 300
"""Longest warm-up of a ``wsd`` schedule in steps; short, so that trials that pause early have trained at the peak."""


@keras.saving.register_keras_serializable(package="automap")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A linear warm-up from zero, then one of four shapes.

    - ``constant``: the peak until the end.
    - ``cosine``: half a cosine from the peak to zero (Loshchilov and Hutter, 2017, arXiv:1608.03983).
    - ``one_cycle``: a linear rise from 1/25 of the peak, then a linear fall to 1/10,000 of it (Smith and
      Topin, 2019, arXiv:1708.07120). Momentum is left alone.
    - ``wsd``: warm-up, stable, decay (Hägele et al., 2024, arXiv:2405.18392): the peak, then ``1 - sqrt`` to zero over
      the last fifth of the steps. Until the decay begins nothing depends on the length of the training.

    With `decay_from`, training ends early by the same decay, whatever the shape.

    Args:
        shape: the shape.
        peak: the largest learning rate.
        steps: optimizer steps of the whole training.
        warmup_steps: steps in which the learning rate rises.
    """

    def __init__(self, shape: Shape, peak: float, steps: int, warmup_steps: int) -> None:
        super().__init__()
        self.shape, self.peak, self.steps = shape, peak, steps
        self.warmup_steps = min(warmup_steps, LONGEST_WARMUP) if shape == "wsd" else warmup_steps
        decay_start = decay_start_of(steps) if shape == "wsd" else steps
        self._numbers: dict[str, Any] = {
            "peak": float(peak),
            "steps": float(steps),
            "warmup_steps": float(self.warmup_steps),
            "decay_start": float(decay_start),
            "decay_end": float(steps),
        }

    def track_in(self, optimizer: keras.Optimizer) -> None:
        """Keep the numbers in variables of the optimizer, so that the compiled step follows their changes.

        Args:
            optimizer: the optimizer that uses this schedule; not built yet.
        """
        self._numbers = {
            name: optimizer.add_variable((), keras.initializers.Constant(number), "float32", name=name)
            for name, number in self._numbers.items()
        }

    def decay_from(self, step: int, end: int) -> None:
        """Decay to zero between two steps instead of following the shape to its end.

        Args:
            step: where the decay begins.
            end: where it ends.
        """
        self._numbers["decay_start"].assign(float(step))
        self._numbers["decay_end"].assign(float(end))

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, from 0."""
        step = ops.cast(step, "float32")
        numbers = {name: ops.convert_to_tensor(number) for name, number in self._numbers.items()}
        start, end = numbers["decay_start"], numbers["decay_end"]
        decayed = ops.clip((step - start) / ops.maximum(end - start, 1.0), 0.0, 1.0)
        shaped = self._shaped(ops.minimum(step, start), numbers["steps"], numbers["warmup_steps"])
        return numbers["peak"] * shaped * (1.0 - ops.sqrt(decayed))

    def _shaped(self, step: Any, steps: Any, warmup_steps: Any) -> Any:
        """Return the learning rate as a share of the peak, without an early decay."""
        # The first step must change the weights, so the warm-up counts from one.
        risen = ops.minimum((step + 1.0) / ops.maximum(warmup_steps, 1.0), 1.0)
        if self.shape in ("constant", "wsd"):
            return risen
        progress = ops.clip((step - warmup_steps) / ops.maximum(steps - warmup_steps, 1.0), 0.0, 1.0)
        if self.shape == "cosine":
            return risen * 0.5 * (1.0 + ops.cos(math.pi * progress))
        rise = FIRST_SHARE_OF_CYCLE + (1.0 - FIRST_SHARE_OF_CYCLE) * risen
        fall = 1.0 - (1.0 - LAST_SHARE_OF_CYCLE) * progress
        return ops.where(step < warmup_steps, rise, fall)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "shape": self.shape,
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
        }


def decay_start_of(steps: int) -> int:
    """Return the step at which a ``wsd`` schedule begins to decay."""
    return steps - max(1, round(DECAY_SHARE * steps))


def schedule_of(optimizer: keras.Optimizer) -> Schedule:
    """Return the learning-rate schedule of a compiled model's optimizer."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # Loss scaling wraps it.
    schedule: Schedule = inner._learning_rate
    return schedule
