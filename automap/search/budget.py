"""The budget of a study, and how much of it has been used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automap.interfaces.metric import sign_of
from automap.search.finishing import CLOSING_SHARE
from automap.search.study import Study
from automap.spec.spec import Spec
from automap.store import results, runs, studies
from automap.store.results import ResultRow

FINALISTS_SHARE = 0.25
"""Training the finalists takes at most this share of the time budget."""


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

    @property
    def best(self) -> float | None:
        """The best value of the first objective so far."""
        return None if self.leader is None else self.leader.value

    @property
    def time_is_over(self) -> bool:
        """Whether the whole time budget, including the time for finalists, has been used."""
        return self.time_budget is not None and self.seconds >= self.time_budget

    @property
    def time_to_close(self) -> bool:
        """Whether only enough time is left to finish the best open trials."""
        if self.time_budget is None:
            return False
        return self.seconds >= CLOSING_SHARE * (self.time_budget - self.reserved_seconds)

    @property
    def spent(self) -> str | None:
        """The limit that has been reached; None while new trials may start."""
        if self.target_reached:
            return f"the target of {self.target:g} has been reached"
        if self.trial_budget is not None and self.trials >= self.trial_budget:
            return f"all {self.trial_budget} trials have been used"
        if self.time_budget is not None and self.seconds + self.reserved_seconds >= self.time_budget:
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
        reserved_seconds=min(
            _finalists_seconds(
                study.spec,
                [result.cost.get("train_seconds", 0.0) for result in best],
                workers=runs.count_running(study.store),
            ),
            FINALISTS_SHARE * (math.inf if row.time_budget is None else row.time_budget),
        ),
        leader=best[0] if best else None,
        target=target,
        target_reached=reached,
    )


def is_closing(study: Study) -> bool:
    """Return whether no new trial may start and the best open ones are being finished."""
    use = budget_use(study)
    return use.spent is not None or use.time_to_close


def finalist_count(study: Study) -> int:
    """Return how many trials should complete before the search ends."""
    return max(1, study.spec.finalists.top)


def _finalists_seconds(spec: Spec, train_seconds: list[float], workers: int) -> float:
    if not spec.finalists.top or not train_seconds:
        return 0.0
    # Workers train in parallel, each of them one run after the other.
    seeds = spec.finalists.seeds
    at_once = max(1, min(workers, seeds * len(train_seconds)))
    rounds = math.ceil(seeds * len(train_seconds) / at_once)
    return rounds * sum(train_seconds) / len(train_seconds)
