"""Gaussian process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap.exceptions import UserError
from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class GP(Sampler):
    """Bayesian optimization with a Gaussian process; needs PyTorch."""

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler.

        Raises:
            UserError: if PyTorch is not installed.
        """
        import optuna

        try:
            import torch  # noqa: F401
        except ImportError:
            raise UserError("search.sampler: gp needs PyTorch: pip install 'automap[gp]'") from None
        return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)
