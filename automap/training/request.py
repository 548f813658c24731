"""What a trial is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automap.interfaces.metric import Direction
from automap.interfaces.scheduler import Pace
from automap.spec.candidate import Candidate
from automap.spec.objectives import Constraint, Objective
from automap.training.extras import NO_EXTRAS, TrainingExtras


@dataclass(frozen=True)
class EvaluationPlan:
    """When a trial is evaluated, in training images seen; the end of training is always evaluated."""

    rungs: tuple[int, ...] = ()
    """Rungs of the study, in ascending order."""
    every: int | None = None
    """Images between two evaluations, beside the rungs; None for an epoch."""

    def next_after(self, images: int, epoch_images: int) -> int:
        """Return when a trial that has seen so many images is evaluated next.

        Args:
            images: training images seen.
            epoch_images: training images of an epoch.
        """
        every = self.every or epoch_images
        return min([rung for rung in self.rungs if rung > images] + [(images // every + 1) * every])


Phase = Literal["compiling", "training", "evaluating"]
"""What a trial is doing; building and the first steps, which compile, are ``compiling``."""


def ignore_phase(_: Phase) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class TrialRequest:
    """One training: what to train, from which seed, and what to do with it."""

    candidate: Candidate
    seed: int
    """Of the initial weights, the order of the data, augmentation and dropout."""
    directory: Path
    """The trial's own folder: its checkpoint while it trains; afterwards ``result.json`` and, of a complete trial,
    ``model.keras``, ``model.json`` and ``validation.npz``."""
    objective: Objective
    """The weights with its best value are kept, and early stopping watches it. If it is a cost, which does not change
    during training, the task's default objective takes its place."""
    constraints: Sequence[Constraint] = ()
    """Those on costs that are known before training are checked before training."""
    evaluation: EvaluationPlan | Callable[[Pace], EvaluationPlan] = EvaluationPlan()
    """When to evaluate; a function is called once, with the measured pace of the training."""
    deadline: float | None = None
    """Time by `time.monotonic` by which the trial should be complete: it finishes early, or pauses."""
    may_finish_early: bool = True
    """Whether a deadline may shorten the trial; if not, it pauses."""
    test: bool = False
    """Whether to measure on the test split too, once, at the end. For finalists only."""
    keep_weights: bool = True
    """Whether to leave the model in `directory`."""
    carry_on: bool = False
    """Whether to continue a trial that finished early, from the checkpoint before its learning rate decayed."""
    extras: TrainingExtras = NO_EXTRAS
    on_phase: Callable[[Phase], None] = ignore_phase
    """Told what the trial is doing now, for whoever watches."""

    @property
    def watched(self) -> tuple[str, Direction]:
        """The metric whose best value is kept, and its direction."""
        task = self.candidate.task
        if self.objective.metric in task.metrics:
            return self.objective.metric, self.objective.direction
        return task.default_objective, task.metrics[task.default_objective].direction
