"""Requests: what a trial should train, evaluate and keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automap.interfaces.metric import Direction
from automap.interfaces.scheduler import Pace
from automap.spec.candidate import Candidate
from automap.spec.objectives import Constraint, Objective
from automap.training.extras import NO_EXTRAS, TrainingExtras


class Paused(Exception):  # noqa: N818
    """The trial was paused; it keeps its checkpoint and can be resumed."""


class OutOfTime(Paused):
    """The trial was paused because its deadline left no time to finish."""


@dataclass(frozen=True)
class EvaluationPlan:
    """When a trial is evaluated, in training images seen; the end of training is always evaluated."""

    rungs: tuple[int, ...] = ()
    """Rungs of the study, in ascending order."""
    every: int | None = None
    """Images between two evaluations, in addition to the rungs; None for one epoch."""

    def next_after(self, images: int, epoch_images: int) -> int:
        """Return when a trial is evaluated next, in training images seen.

        Args:
            images: training images seen so far.
            epoch_images: training images in an epoch.
        """
        every = self.every or epoch_images
        return min([rung for rung in self.rungs if rung > images] + [(images // every + 1) * every])


def always_keep(*_: Mapping[str, float]) -> bool:
    """Keep every model."""
    return True


Phase = Literal["compiling", "training", "evaluating"]
"""What a trial is doing; ``compiling`` includes building and the first steps."""


SaveModel = Callable[[Path], None]
"""Writes the best weights of a trial so far, as a complete model, into an existing folder."""


def ignore_phase(_: Phase) -> None:
    """Ignore the phase: the default callback."""


def ignore_model(_: SaveModel) -> None:
    """Save nothing."""


@dataclass(frozen=True)
class TrialRequest:
    """A request to train one candidate with one seed."""

    candidate: Candidate
    seed: int
    """Seed of the initial weights, the order of the data, augmentation and dropout."""
    directory: Path
    """The trial's own folder: its checkpoint while it trains; afterwards ``result.json`` and, of a complete trial,
    ``model.keras``, ``model.json`` and ``validation.npz``."""
    objective: Objective
    """The weights with its best value are kept, and early stopping watches it. If it is a cost, which does not change
    during training, the task's default objective is used instead."""
    constraints: Sequence[Constraint] = ()
    """Constraints on costs that are known before training are checked before training."""
    evaluation: EvaluationPlan | Callable[[Pace], EvaluationPlan] = EvaluationPlan()
    """When to evaluate; a function is called once with the measured pace of the training."""
    deadline: float | None = None
    """`time.monotonic` by which the trial should be complete; it finishes early or pauses if necessary."""
    may_finish_early: bool = True
    """Whether the trial may finish early because of the deadline; if not, it pauses."""
    completes_late: bool = False
    """Whether the trial may take one evaluation longer than the deadline allows, because the study has no model yet."""
    evaluation_seconds: float = 0.0
    """Estimated duration of an evaluation before the first one."""
    test: bool = False
    """Whether to evaluate on the test split at the end; for finalists only."""
    keep_weights: bool = True
    """Whether to save the model in `directory`."""
    is_worth_keeping: Callable[[Mapping[str, float], Mapping[str, float]], bool] = always_keep
    """Given the validation metrics and costs of a head trial: whether its model is among those that are kept. Writing
    the whole network takes longer than fitting its head."""
    continues: int | None = None
    """The trial that finished early and is continued from the checkpoint before its learning rate decayed, which is in
    `directory`; None for a training of its own."""
    extras: TrainingExtras = NO_EXTRAS
    on_improvement: Callable[[SaveModel], None] = ignore_model
    """Called after every evaluation that is the trial's best so far, once it was reported."""
    on_phase: Callable[[Phase], None] = ignore_phase
    """Called with what the trial is doing, for display."""

    @property
    def watched(self) -> tuple[str, Direction]:
        """The metric whose best value is kept, and its direction."""
        task = self.candidate.task
        if self.objective.metric in task.metrics:
            return self.objective.metric, self.objective.direction
        return task.default_objective, task.metrics[task.default_objective].direction
