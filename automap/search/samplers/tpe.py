"""Tree-structured Parzen estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap.interfaces.sampler import Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna


class TPE(Sampler):
    """Tree-structured Parzen estimator, multivariate (Bergstra et al., 2011; BOHB, arXiv:1807.01774)."""

    learns_from_rungs: ClassVar[bool] = True

    startup_trials: int = Field(20, ge=1, description="trials that are drawn at random before the model is used")
    random_share: float = Field(
        2 / 3, ge=0, le=1, description="share of trials drawn at random later too, in case the model is wrong"
    )
    candidates: int = Field(4, ge=1, description="candidates among which the model chooses; more are greedier")

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler."""
        import optuna

        from automap.search.samplers.mixed_sampler import MixedSampler

        # Grouping keeps hyperparameters that exist only under some choice in one multivariate model.
        model = optuna.samplers.TPESampler(
            n_startup_trials=self.startup_trials,
            n_ei_candidates=self.candidates,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=seed,
        )
        return MixedSampler(model, self.random_share, seed) if self.random_share else model
