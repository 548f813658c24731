"""Hyperband: successive halving in several brackets."""

from __future__ import annotations

import math
import zlib

from pydantic import Field

from automap.interfaces.scheduler import Decision, Scheduler, StudyHistory, TrialHistory, geometric_rungs
from automap.search.schedulers.ranking import is_among_best


class Hyperband(Scheduler):
    """Successive halving in brackets that start at different rungs (Li et al., 2018, arXiv:1603.06560).

    Trials are assigned to brackets and stopped as by Optuna's ``HyperbandPruner``.
    """

    reduction: int = Field(3, ge=2, description="one in so many trials of a bracket continues at each rung")

    def rungs(self, first: int, longest: int) -> tuple[int, ...]:
        """Return rungs that grow by the reduction."""
        return geometric_rungs(first, longest, self.reduction)

    def decide(self, trial: TrialHistory, study: StudyHistory) -> Decision:
        """Stop the trial unless it is among the best of its bracket at its rung."""
        last, bracket = trial.measurements[-1], self._bracket(trial, study)
        if last.images not in study.rungs[bracket:]:
            return Decision.CONTINUE
        others = [
            found.values
            for other in study.trials
            if other.number != trial.number
            and (found := other.at(last.images)) is not None
            and self._bracket(other, study) == bracket
        ]
        survives = is_among_best(last.values, others, study.directions, self.reduction)
        return Decision.CONTINUE if survives else Decision.STOP

    def _bracket(self, trial: TrialHistory, study: StudyHistory) -> int:
        """Return the index of the rung at which a trial may first be stopped."""
        brackets = math.floor(math.log(study.rungs[-1] / study.rungs[0], self.reduction) + 1e-9) + 1
        shares = [math.ceil(brackets * self.reduction**left / (left + 1)) for left in reversed(range(brackets))]
        position = zlib.crc32(f"{study.name}_{trial.number}".encode()) % sum(shares)
        for bracket, share in enumerate(shares):
            position -= share
            if position < 0:
                return bracket
        return brackets - 1
