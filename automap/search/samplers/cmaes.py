"""Covariance matrix adaptation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap.exceptions import UserError
from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class CMAES(Sampler):
    """CMA-ES, an evolution strategy for continuous spaces and one objective (Hansen, 2016, arXiv:1604.00772)."""

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler.

        Raises:
            UserError: if there are several objectives.
        """
        import optuna

        if len(space.directions) > 1:
            raise UserError(
                f"search.sampler: cmaes supports one objective, received {len(space.directions)}; use tpe or nsga2"
            )
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
