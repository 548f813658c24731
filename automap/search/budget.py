"""The budget of a study, and how much of it has been used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automap.interfaces.metric import sign_of
from automap.interfaces.scheduler import StudyHistory
from automap.search.affordable import FINALISTS_SHARE, finalists_seconds
from automap.search.finishing import CLOSING_SHARE, OPEN
from automap.search.history import compared_objectives
from automap.search.study import Study
from automap.spec.spec import Spec
from automap.store import results, studies
from automap.store.results import ResultRow

CLOSING_SHARE_OF_TIME, FEWEST_CLOSING_SECONDS, MOST_CLOSING_SECONDS = 0.02, 2.0, 10.0
"""Time at the end of a time budget in which nothing is trained: workers leave and the winner is published."""


ENSEMBLE_SHARE, FEWEST_ENSEMBLE_SECONDS, MOST_ENSEMBLE_SECONDS = 0.05, 20.0, 60.0
"""Further time at the end of a time budget, in which an ensemble is made; budgets that are too short have none."""


def ensemble_seconds(spec: Spec, time_budget: float) -> float:
    """Return how much of a time budget is set aside for the ensemble; 0 if none is made."""
    share = min(ENSEMBLE_SHARE * time_budget, MOST_ENSEMBLE_SECONDS)
    return share if share >= FEWEST_ENSEMBLE_SECONDS and makes_ensemble(spec) else 0.0


def makes_ensemble(spec: Spec) -> bool:
    """Return whether a search can end with an ensemble: it has several finalists, whose files are on this machine."""
    several = spec.finalists.top * spec.finalists.seeds > 1
    return bool(spec.ensemble.members) and several and spec.remote_runs is None


def closing_seconds(time_budget: float) -> float:
    """Return how long before the end of its time budget a search stops training."""
    return min(max(CLOSING_SHARE_OF_TIME * time_budget, FEWEST_CLOSING_SECONDS), MOST_CLOSING_SECONDS, time_budget / 4)


@dataclass(frozen=True)
class Use:
    """How much of a study's budget has been used."""

    trials: int
    trial_budget: int | None
    seconds: float
    time_budget: float | None
    reserved_seconds: float
    """Estimated time for training the finalists, from the training times of the best trials."""
    leader: ResultRow | None
    """The best complete trial so far."""
    target: float | None
    target_reached: bool
    ensemble_seconds: float = 0.0
    """Time that is set aside for making an ensemble."""

    @property
    def best(self) -> float | None:
        """The best value of the first objective so far."""
        return None if self.leader is None else self.leader.value

    @property
    def training_seconds(self) -> float:
        """Seconds that are left for training, finalists included; infinite without a time budget."""
        if self.time_budget is None:
            return math.inf
        closing = closing_seconds(self.time_budget) + self.ensemble_seconds
        return self.time_budget - closing - self.seconds

    @property
    def time_is_over(self) -> bool:
        """Whether no time is left for training."""
        return self.training_seconds <= 0

    @property
    def time_to_close(self) -> bool:
        """Whether so much of the time is used that the best open trials should be finished."""
        if self.time_budget is None:
            return False
        return self.seconds >= CLOSING_SHARE * (self.seconds + self.training_seconds - self.reserved_seconds)

    @property
    def spent(self) -> str | None:
        """The limit that has been reached; None while new trials may start."""
        if self.target_reached:
            return f"the target of {self.target:g} has been reached"
        if self.trial_budget is not None and self.trials >= self.trial_budget:
            return f"all {self.trial_budget} trials have been used"
        if self.training_seconds <= self.reserved_seconds:
            return "the time has been used"
        return None


def budget_use(study: Study) -> Use:
    """Read how much of the budget has been used."""
    row = studies.get_study(study.store)
    objective, target = study.spec.objectives[0], study.spec.budget.target
    best = results.list_results(study.store, kind="search", states=("complete",), limit=study.spec.finalists.top or 1)
    value = best[0].value if best else None
    sign = sign_of(objective.direction)
    reached = target is not None and value is not None and sign * value <= sign * target
    return Use(
        trials=row.slots_taken,
        trial_budget=row.trial_budget,
        seconds=row.seconds_used,
        time_budget=row.time_budget,
        reserved_seconds=finalists_seconds(
            study, best, math.inf if row.time_budget is None else FINALISTS_SHARE * row.time_budget
        ),
        leader=best[0] if best else None,
        target=target,
        target_reached=reached,
        ensemble_seconds=0.0 if row.time_budget is None else ensemble_seconds(study.spec, row.time_budget),
    )


def is_closing(study: Study) -> bool:
    """Return whether no new trial may start and the best open ones are being finished."""
    use = budget_use(study)
    return use.spent is not None or use.time_to_close


def completions_wanted(study: Study, history: StudyHistory) -> int:
    """Return how many trials should complete before the search ends.

    At least as many as there are finalists. An open trial that is better at its last rung than the last finalist would
    be is finished too: heads on cached features complete within seconds, and must not keep fine-tuning from its end.
    """
    count, objective = finalist_count(study), study.spec.objectives[0]
    best = results.list_results(study.store, kind="search", states=("complete",), limit=count)
    known = compared_objectives(study.spec)[:1] == (objective,)
    if not known or len(best) < count or best[-1].value is None:
        return count
    sign, bound = sign_of(objective.direction), best[-1].value
    reached = [
        trial.measurements[-1].values[0] for trial in history.trials if trial.state in OPEN and trial.measurements
    ]
    complete = sum(trial.state == "complete" for trial in history.trials)
    return max(count, complete + min(count, sum(sign * value < sign * bound for value in reached)))


def finalist_count(study: Study) -> int:
    """Return how many trials should complete before the search ends."""
    return max(1, study.spec.finalists.top)
