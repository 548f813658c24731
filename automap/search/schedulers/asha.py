"""Asynchronous successive halving that stops trials."""

from __future__ import annotations

from pydantic import Field

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory, geometric_rungs
from automap.search.schedulers.ranking import is_among_best


class ASHA(Scheduler):
    """Asynchronous successive halving: a trial that is not among the best at a rung is stopped, not paused."""

    reduction: int = Field(3, ge=2, description="one in so many trials continues at each rung")

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return rungs that grow by the reduction."""
        return geometric_rungs(first, longest, self.reduction)

    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Stop the trial unless it is among the best at its rung."""
        last = trial.measurements[-1]
        others = [
            found.values
            for other in study.trials
            if other.number != trial.number and (found := other.at(last.images)) is not None
        ]
        survives = is_among_best(last.values, others, study.directions, self.reduction)
        return Decision.CONTINUE if survives else Decision.STOP
