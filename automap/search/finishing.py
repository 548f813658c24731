"""Which open trials are trained to their end once no new trial may start."""

from __future__ import annotations

from collections.abc import Sequence

from automap.interfaces.scheduler import Scheduler, StudyHistory, TrialHistory
from automap.search.schedulers.ranking import ranks

CLOSING_SHARE = 0.7
"""Share of the time for trials after which the best ones are finished and no new trial starts."""

OPEN = frozenset({"running", "paused"})


def still_wanted(history: StudyHistory, wanted: int) -> int:
    """Return how many more trials must complete so that there are `wanted` finalists."""
    return max(0, wanted - sum(trial.state == "complete" for trial in history.trials))


def finishers(history: StudyHistory, wanted: int) -> list[int]:
    """Return the open trials that are trained to their end, the best first.

    Args:
        history: the study.
        wanted: how many complete trials there should be; those that there are count.
    """
    opened = [trial for trial in history.trials if trial.state in OPEN]
    return [trial.number for trial in best_first(opened, history)][: still_wanted(history, wanted)]


def next_finisher(scheduler: Scheduler, history: StudyHistory, wanted: int) -> int | None:
    """Return the paused trial that a free worker resumes when no new trial may start; None if there is none.

    What the scheduler would promote comes first, then the best paused trial.
    """
    if not still_wanted(history, wanted):
        return None
    promoted = scheduler.next_trial(history)
    if promoted is not None:
        return promoted
    paused = {trial.number for trial in history.trials if trial.state == "paused"}
    return next((number for number in finishers(history, wanted) if number in paused), None)


def best_first(trials: Sequence[TrialHistory], history: StudyHistory) -> list[TrialHistory]:
    """Sort trials by the last rung that they have reached, and by rank among those that stand there too."""
    rank: dict[int, float] = {}
    for rung in {trial.seen for trial in trials if trial.measurements}:
        here = [trial for trial in trials if trial.seen == rung]
        found = ranks([trial.measurements[-1].values for trial in here], history.directions)
        rank |= {trial.number: value for trial, value in zip(here, found, strict=True)}
    return sorted(trials, key=lambda trial: (-trial.seen, rank.get(trial.number, 0.0), trial.number))
