"""What a scheduler is held to."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from automap.interfaces.metric import Direction
from automap.interfaces.sampler import SearchSpace
from automap.interfaces.scheduler import Decision, Measurement, Scheduler, StudyHistory, TrialHistory, TrialState
from automap.testing.component import check_component, instance_of, require

STUDIES = 40
MOST_TRIALS = 12


def check_scheduler(scheduler: Scheduler | type[Scheduler]) -> None:
    """Check a scheduler on random studies with one objective and with two.

    - Its rungs are ascending and end with the longest training, whatever the lengths.
    - It answers with a decision for any history, also with values that are infinite, and keeps no state: the same
      history gives the same answer.
    - It resumes only trials that are paused.
    - A trial that is alone is never stopped.

    Args:
        scheduler: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(scheduler)
    check_component(built)
    for first, longest in ((1, 1), (100, 100), (10, 1_000), (7, 100_000), (500, 100)):
        rungs = built.rungs(first, longest)
        require(bool(rungs) and rungs[-1] == longest, f"rungs({first}, {longest}) = {rungs} do not end with {longest}")
        require(list(rungs) == sorted(set(rungs)), f"rungs({first}, {longest}) = {rungs} are not ascending")
    for seed in range(STUDIES):
        for directions in (("maximize",), ("minimize", "maximize")):
            _check_study(built, _study(built, random.Random(seed), directions))


def _check_study(scheduler: Scheduler, study: StudyHistory) -> None:
    paused = {trial.number for trial in study.trials if trial.state == "paused"}
    following = scheduler.next_trial(study)
    require(following == scheduler.next_trial(study), "next_trial gives another answer for the same history")
    require(following is None or following in paused, f"next_trial resumes trial {following}, which is not paused")
    for trial in _at_a_rung(study):
        decision = scheduler.decide(trial, study)
        require(isinstance(decision, Decision), f"decide returned {decision!r}, which is not a Decision")
        require(decision == scheduler.decide(trial, study), "decide gives another answer for the same history")
        alone = StudyHistory(study.name, study.directions, study.rungs, (trial,), study.space)
        decision = scheduler.decide(trial, alone)
        require(decision != Decision.STOP, "decide stops a trial that there is nothing to compare with")


def _at_a_rung(study: StudyHistory) -> Iterator[TrialHistory]:
    return (trial for trial in study.trials if trial.state == "running" and 0 < trial.seen < trial.images)


def _study(scheduler: Scheduler, draw: random.Random, directions: tuple[Direction, ...]) -> StudyHistory:
    rungs = scheduler.rungs(100, 8_100)
    trials = tuple(_trial(number, draw, rungs, len(directions)) for number in range(draw.randrange(1, MOST_TRIALS)))
    return StudyHistory("study", directions, rungs, trials, SearchSpace(directions, ()))


def _trial(number: int, draw: random.Random, rungs: tuple[int, ...], objectives: int) -> TrialHistory:
    reached = rungs[: draw.randrange(1, len(rungs) + 1)]
    values = [tuple(math.inf if draw.random() < 0.05 else draw.random() for _ in range(objectives)) for _ in reached]
    measurements = tuple(
        Measurement(images, value, images / 100) for images, value in zip(reached, values, strict=True)
    )
    states: tuple[TrialState, ...] = ("running", "paused", "pruned") if reached[-1] < rungs[-1] else ("complete",)
    return TrialHistory(number, draw.choice(states), rungs[-1], measurements, {})
