"""Choosing the open trials to finish once no new trial may start."""

from __future__ import annotations

from collections.abc import Sequence

from automap.interfaces.scheduler import Scheduler, StudyHistory, TrialHistory
from automap.search.schedulers.ranking import ranks

CLOSING_SHARE = 0.7
"""Share of the time for trials after which no new trial starts and the best open ones are finished."""

OPEN = frozenset({"running", "paused"})


def still_wanted(history: StudyHistory, wanted: int) -> int:
    """Return how many more trials must complete to have `wanted` finalists."""
    return max(0, wanted - sum(trial.state == "complete" for trial in history.trials))


def finishers(history: StudyHistory, wanted: int) -> list[int]:
    """Return the open trials to finish, the best first.

    Args:
        history: the study.
        wanted: number of complete trials that are needed, including those that exist.
    """
    opened = [trial for trial in history.trials if trial.state in OPEN]
    return [trial.number for trial in best_first(opened, history)][: still_wanted(history, wanted)]


def next_finisher(scheduler: Scheduler, history: StudyHistory, wanted: int) -> int | None:
    """Return the paused trial that a free worker resumes when no new trial may start; None for none.

    A trial that the scheduler would promote comes first, then the best paused trial.
    """
    if not still_wanted(history, wanted):
        return None
    promoted = scheduler.next_trial(history)
    if promoted is not None:
        return promoted
    paused = {trial.number for trial in history.trials if trial.state == "paused"}
    return next((number for number in finishers(history, wanted) if number in paused), None)


def best_first(trials: Sequence[TrialHistory], history: StudyHistory) -> list[TrialHistory]:
    """Sort trials by the last rung that they have reached, then by rank at that rung."""
    rank: dict[int, float] = {}
    for rung in {trial.seen for trial in trials if trial.measurements}:
        here = [trial for trial in trials if trial.seen == rung]
        found = ranks([trial.measurements[-1].values for trial in here], history.directions)
        rank |= {trial.number: value for trial, value in zip(here, found, strict=True)}
    return sorted(trials, key=lambda trial: (-trial.seen, rank.get(trial.number, 0.0), trial.number))
