"""Trials of earlier studies that a sampler learns from as if they belonged to its own study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import BaseModel, ConfigDict

from automap.spec.draw import Parameters

MOST_SHOWN = 5
"""Rejected trials that are named with their reason."""

EARLIER = "automap:earlier"
"""User attribute of trials that come from an earlier study: ``STUDY:TRIAL``."""


class Evidence(BaseModel):
    """A trial of an earlier study on the same data, in the search space of this one."""

    model_config = ConfigDict(frozen=True)

    origin: str
    """``STUDY:TRIAL``."""
    parameters: Parameters
    values: tuple[float, ...] | None
    """The objectives if it was trained to its end; None if it was paused or stopped."""
    curve: tuple[tuple[int, tuple[float, ...]], ...]
    """Training images and the objectives there, in ascending order."""
    violations: Mapping[str, float] = {}
    """Of the study's constraints, by metric; above 0 is infeasible."""

    def as_trial(self, known: Mapping[str, BaseDistribution]) -> FrozenTrial | None:
        """Return an Optuna trial that has ended; None if nothing was measured.

        Args:
            known: the distributions of the study; parameters outside of them are left out.
        """
        parameters = within(self.parameters, known)
        about: dict[str, Any] = {
            "params": parameters,
            "distributions": {name: known[name] for name in parameters},
            "user_attrs": {EARLIER: self.origin},
            "constraints": dict(self.violations),
        }
        steps = {images: values[0] for images, values in self.curve if len(values) == 1}
        if self.values is not None:
            return create_trial(state=TrialState.COMPLETE, values=list(self.values), intermediate_values=steps, **about)
        if not self.curve:
            return None
        last = self.curve[-1][1]
        if len(last) > 1:
            # Optuna does not support pruned trials with several objectives.
            return create_trial(state=TrialState.COMPLETE, values=list(last), **about)
        return create_trial(state=TrialState.PRUNED, intermediate_values=steps, **about)


def within(parameters: Mapping[str, Any], known: Mapping[str, BaseDistribution]) -> Parameters:
    """Return the parameters that lie within their distributions: ranges may have been narrowed since."""
    return {
        name: value
        for name, value in parameters.items()
        if name in known and known[name]._contains(known[name].to_internal_repr(value))
    }


@dataclass(frozen=True)
class Earlier:
    """What an earlier study gives to a new one."""

    study: str
    same_data: bool
    trials: int
    """Number of its trials."""
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[Parameters, ...] = ()
    """To be tried first, the best first."""
    rejected: dict[int, str] = field(default_factory=dict)
    """Why trials cannot be used, by their number."""

    def to_data(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        return {
            "study": self.study,
            "same_data": self.same_data,
            "trials": self.trials,
            "evidence": len(self.evidence),
            "candidates": len(self.candidates),
            "rejected": [{"trial": trial, "reason": reason} for trial, reason in self.rejected.items()],
        }

    def describe(self) -> list[str]:
        """Return lines that say what is taken and what is not."""
        data = "the same data" if self.same_data else "other data"
        if self.evidence:
            taken = f"the sampler learns from {_count(len(self.evidence), 'trial')}"
        else:
            taken = f"{_count(len(self.candidates), 'candidate')} will be tried first"
        lines = [f"warm start from '{self.study}' ({data}, {_count(self.trials, 'trial')}): {taken}"]
        if self.rejected:
            lines.append(f"  {_count(len(self.rejected), 'trial')} cannot be used:")
            shown = list(self.rejected.items())[:MOST_SHOWN]
            lines += [f"    trial {number}: {reason}" for number, reason in shown]
            if len(self.rejected) > len(shown):
                lines.append(f"    … and {len(self.rejected) - len(shown):,} more")
        return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
