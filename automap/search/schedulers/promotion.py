"""Asynchronous successive halving by promotion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import Field

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory, geometric_rungs
from automap.search.schedulers.ranking import ranked_at


class Promotion(Scheduler):
    """Asynchronous successive halving by promotion (Li et al., 2020, arXiv:1810.05934).

    Every new trial starts with the shortest rung and pauses. A free worker resumes the best paused trial among the
    best ``1 / reduction`` of those that reached a rung, the longest rung first; if there is none, it starts a new
    trial.

    At the first rung, which can mislead, trials compete only within their cohort: a model that proposes what is good
    there and bad later cannot take every promotion.
    """

    reduction: int = Field(4, ge=2, description="one in so many trials is promoted from each rung")

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return rungs that grow by the reduction."""
        return geometric_rungs(first, longest, self.reduction)

    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Continue if the trial would be promoted next anyway, else pause."""
        paused = replace(trial, state="paused")
        trials = tuple(paused if other.number == trial.number else other for other in study.trials)
        promoted = self.next_trial(replace(study, trials=trials))
        return Decision.CONTINUE if promoted == trial.number else Decision.PAUSE

    def next_trial(self, study: StudyHistory) -> int | None:
        """Return the best paused trial that may be promoted, the longest rung first."""
        for rung in reversed(study.rungs[:-1]):
            ranked = ranked_at(rung, study)
            groups = _cohorts(ranked) if rung == study.rungs[0] else [ranked]
            best = [group[: len(group) // self.reduction] for group in groups]
            # The cohort with fewer promotions comes first.
            for group in sorted(best, key=lambda group: len(group) - len(list(_waiting(group, rung)))):
                for trial in _waiting(group, rung):
                    return trial.number
        return None


def _cohorts(ranked: Sequence[TrialHistory]) -> list[list[TrialHistory]]:
    cohorts = sorted({trial.cohort for trial in ranked})
    return [[trial for trial in ranked if trial.cohort == cohort] for cohort in cohorts]


def _waiting(best: Sequence[TrialHistory], rung: int) -> Iterator[TrialHistory]:
    return (trial for trial in best if trial.state == "paused" and trial.seen == rung)
