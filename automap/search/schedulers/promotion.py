"""Asynchronous successive halving by promotion."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory, geometric_rungs
from automap.search.schedulers.ranking import ranked_at


class Promotion(Scheduler):
    """Asynchronous successive halving by promotion (Li et al., 2020, arXiv:1810.05934).

    Every new trial starts with the shortest rung and pauses. A free worker resumes the best paused trial among the
    best ``1 / reduction`` of those that reached a rung, the longest rung first; if there is none, it starts a new
    trial.
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
            for trial in ranked[: len(ranked) // self.reduction]:
                if trial.state == "paused" and trial.seen == rung:
                    return trial.number
        return None
