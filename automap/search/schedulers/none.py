"""No scheduler."""

from __future__ import annotations

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory


class NoScheduler(Scheduler):
    """Every trial is trained to its end."""

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return a single rung, the longest training."""
        return (longest,)

    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Continue."""
        return Decision.CONTINUE
