"""NSGA-II."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class NSGA2(Sampler):
    """NSGA-II, a genetic algorithm for several objectives (Deb et al., 2002)."""

    population: int = Field(20, ge=2, description="candidates in a generation")

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler."""
        import optuna

        return optuna.samplers.NSGAIISampler(population_size=self.population, seed=seed)
