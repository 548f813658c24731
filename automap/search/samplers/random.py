"""Random search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class Random(Sampler):
    """Random search (Bergstra and Bengio, 2012)."""

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler."""
        import optuna

        return optuna.samplers.RandomSampler(seed=seed)
