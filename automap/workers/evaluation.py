"""When trials are evaluated: the first trial's speed determines the rungs, which then hold for the study."""

from __future__ import annotations

from collections.abc import Callable

from automap.interfaces.scheduler import Pace
from automap.search.budget import budget_use
from automap.search.history import longest_epochs
from automap.search.study import Study
from automap.spec.candidate import Candidate
from automap.store import studies
from automap.store.retry import with_retries
from automap.training.request import EvaluationPlan

OVERHEAD_SHARE = 0.2
"""Starting or resuming a trial and evaluating it take at most this share of the first rung's duration."""
FEWEST_RUNGS = 9
"""The first rung is at most this fraction of the longest training, or one epoch."""
LONGEST_SHARE = 0.5
"""Share of the time that is left at the start of a study which its longest training may take on one worker."""


def evaluation_plan(
    study: Study, candidate: Candidate, epoch_images: int
) -> EvaluationPlan | Callable[[Pace], EvaluationPlan]:
    """Return when a trial is evaluated; before the study's rungs are fixed, a function of the measured pace.

    Args:
        study: the study.
        candidate: its ``training.evaluate`` sets the interval.
        epoch_images: training images of an epoch.
    """
    rungs = with_retries(lambda: studies.get_study(study.store)).rungs
    if rungs is not None:
        return _plan(rungs, epoch_images)
    evaluate = candidate.training.evaluate
    if evaluate != "auto":
        return _plan(_fix(study, epoch_images if evaluate == "epochs" else evaluate, epoch_images), epoch_images)
    longest = longest_epochs(study.spec) * epoch_images

    def measured(pace: Pace) -> EvaluationPlan:
        seconds = with_retries(lambda: budget_use(study)).training_seconds
        possible = int(min(longest, max(seconds, 0.0) * LONGEST_SHARE * pace.images_per_second))
        return _plan(_fix(study, first_rung(pace, epoch_images, possible), epoch_images), epoch_images)

    return measured


def first_rung(pace: Pace, epoch_images: int, longest: int) -> int:
    """Return the training images of the shortest rung that is worth its overhead.

    Args:
        pace: measured by a trial of the study.
        epoch_images: training images of an epoch; longer rungs are whole epochs.
        longest: training images of the longest training that the time budget allows.
    """
    overhead = pace.startup_seconds + pace.evaluation_seconds
    worthwhile = round(overhead * (1 - OVERHEAD_SHARE) / OVERHEAD_SHARE * pace.images_per_second)
    first = max(1, min(worthwhile, max(longest // FEWEST_RUNGS, epoch_images)))
    return first if first < epoch_images else first // epoch_images * epoch_images


def _fix(study: Study, first: int, epoch_images: int) -> tuple[int, ...]:
    longest = longest_epochs(study.spec) * epoch_images
    rungs = study.spec.search.scheduler.rungs(min(first, longest), longest)
    return with_retries(lambda: studies.fix_rungs(study.store, rungs))


def _plan(rungs: tuple[int, ...], epoch_images: int) -> EvaluationPlan:
    """Evaluate at every rung, and between rungs after each epoch or, if longer, each length of the first rung.

    A single rung is the end of training: without evaluations before it there would be no checkpoint to resume from,
    no early stopping, and no better weights to keep.
    """
    every = epoch_images if len(rungs) == 1 else max(rungs[0], epoch_images)
    return EvaluationPlan(rungs, every=every)
