"""Quasi-random sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class QMC(Sampler):
    """A Sobol sequence, which covers the space more evenly than random samples."""

    scramble: bool = Field(True, description="randomize the sequence by the study's seed")

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler."""
        import optuna

        # Workers share one sequence: Optuna counts its points in the study, so their seeds must agree.
        return optuna.samplers.QMCSampler(
            scramble=self.scramble,
            seed=space.seed,
            warn_asynchronous_seeding=False,
            warn_independent_sampling=False,
        )
