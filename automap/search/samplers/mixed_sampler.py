"""An Optuna sampler that draws a share of the trials at random."""

from __future__ import annotations

import random
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial


class MixedSampler(BaseSampler):
    """Samples most trials with a model and the others at random.

    As in BOHB (Falkner et al., 2018, arXiv:1807.01774): few or misleading measurements cannot lead the whole search
    astray.

    Args:
        model: the model-based sampler.
        share: share of trials that are sampled at random.
        seed: seed of the random samples and of the choice between the two samplers.
    """

    def __init__(self, model: BaseSampler, share: float, seed: int) -> None:
        self._model, self._share = model, share
        self._random, self._generator = optuna.samplers.RandomSampler(seed=seed), random.Random(seed)
        self._used = model

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Choose a sampler for the trial and infer the space that it samples jointly."""
        self._used = self._random if self._generator.random() < self._share else self._model
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
