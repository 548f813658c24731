"""An Optuna sampler that draws a share of the trials at random."""

from __future__ import annotations

import math
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

COHORTS = ("model", "random")


class MixedSampler(BaseSampler):
    """Samples some trials with a model and the others at random.

    As in BOHB (Falkner et al., 2018, arXiv:1807.01774): few or misleading measurements cannot lead the whole search
    astray. The two alternate by the numbers of the trials, so that workers agree without talking to each other.

    Args:
        model: the model-based sampler.
        share: share of trials that are sampled at random.
        seed: seed of the random samples.
    """

    def __init__(self, model: BaseSampler, share: float, seed: int) -> None:
        self._model, self._share = model, share
        self._random = optuna.samplers.RandomSampler(seed=seed)
        self._used = model

    @property
    def cohort(self) -> str:
        """Which of `COHORTS` the last trial belongs to."""
        return COHORTS[self._used is self._random]

    def reseed_rng(self) -> None:
        """Reseed both samplers."""
        self._model.reseed_rng()
        self._random.reseed_rng()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Choose a sampler for the trial and infer the space that it samples jointly."""
        at_random = math.floor((trial.number + 1) * self._share) > math.floor(trial.number * self._share)
        self._used = self._random if at_random else self._model
        return self._used.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample hyperparameters jointly."""
        return self._used.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Sample a hyperparameter on its own."""
        return self._used.sample_independent(study, trial, param_name, param_distribution)
