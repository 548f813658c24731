"""An Optuna sampler that proposes the points of a grid in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial


class GridSampler(BaseSampler):
    """Proposes the n-th point of the grid for trial n.

    Optuna's own grid sampler does not support conditional spaces, and its brute-force sampler can only stop studies
    that Optuna runs itself.
    """

    def __init__(self, points: Sequence[Mapping[str, Any]]) -> None:
        self._points = points

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: no hyperparameters are sampled jointly."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing: no hyperparameters are sampled jointly."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a hyperparameter's value at the trial's point."""
        return self._points[trial.number % len(self._points)][param_name]
