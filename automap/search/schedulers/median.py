"""The median stopping rule."""

from __future__ import annotations

from pydantic import Field

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory
from automap.search.schedulers.ranking import is_among_best

MAX_RUNGS = 100
"""More rungs add little information about a learning curve."""


class Median(Scheduler):
    """The median stopping rule: a trial stops if it is worse than half of the completed ones (Golovin et al., 2017)."""

    startup_trials: int = Field(5, ge=1, description="completed trials before any is stopped")
    warmup_rungs: int = Field(1, ge=0, description="rungs at which no trial is stopped")

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return rungs at equal distances."""
        distance = max(first, -(-longest // MAX_RUNGS))
        return (*range(distance, longest, distance), longest)

    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Stop the trial if it is worse than the median of the completed trials at its rung."""
        last = trial.measurements[-1]
        others = [
            found.values
            for other in study.trials
            if other.state == "complete" and (found := other.at(last.images)) is not None
        ]
        if len(others) < self.startup_trials or len(trial.measurements) <= self.warmup_rungs:
            return Decision.CONTINUE
        survives = is_among_best(last.values, others, study.directions, 2)
        return Decision.CONTINUE if survives else Decision.STOP
