"""Samplers, which propose the hyperparameters of new trials, and the search space as they see it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.component import Component
from automap.interfaces.metric import Direction

if TYPE_CHECKING:
    import optuna

Condition = tuple[str, str]
"""Name of a categorical hyperparameter and the label it must have."""


@dataclass(frozen=True)
class NumericHyperparameter:
    """A numeric hyperparameter."""

    name: str
    """Unique; its name in Optuna's tables."""
    default: float
    """Value of the first trial."""
    low: float
    """Smallest value, inclusive."""
    high: float
    """Largest value, inclusive."""
    log: bool = False
    """Whether values are drawn on a logarithmic scale."""
    step: float | None = None
    """Distance between values; None for a continuous range, or for 1 if `integer`."""
    integer: bool = False
    conditions: tuple[Condition, ...] = ()
    """The hyperparameter exists only in trials that meet all of them."""

    @property
    def boundaries(self) -> tuple[float, float]:
        """Both ends of the range."""
        return self.low, self.high


@dataclass(frozen=True)
class CategoricalHyperparameter:
    """A categorical hyperparameter."""

    name: str
    """Unique; its name in Optuna's tables."""
    default: str
    """Label of the first trial."""
    labels: tuple[str, ...]
    """One for each alternative."""
    conditions: tuple[Condition, ...] = ()
    """The hyperparameter exists only in trials that meet all of them."""

    @property
    def boundaries(self) -> tuple[str, ...]:
        """Every label."""
        return self.labels


Hyperparameter = NumericHyperparameter | CategoricalHyperparameter


@dataclass(frozen=True)
class SearchSpace:
    """The hyperparameters of a study and the directions of its objectives."""

    directions: tuple[Direction, ...]
    """One for each objective."""
    hyperparameters: tuple[Hyperparameter, ...]
    """A choice comes before the hyperparameters that depend on it."""
    seed: int = 0
    """The study's seed, the same for all of its workers."""


class Sampler(Component, ABC):
    """Proposes the hyperparameters of new trials."""

    group: ClassVar[str] = "automap.samplers"
    learns_from_rungs: ClassVar[bool] = False
    """Whether the Optuna sampler learns from intermediate values of pruned trials and writes nothing to the study. It
    then sees paused trials as pruned ones with the objective of their last rung."""

    @abstractmethod
    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler.

        It is asked for every hyperparameter of `space` whose conditions a trial meets.

        Args:
            space: the search space.
            seed: seed of this worker's sampler; workers that share a study have different ones.

        Raises:
            UserError: if the sampler cannot search this space, or lacks an optional dependency.
        """

    def limit(self, space: SearchSpace) -> int | None:
        """Return the largest number of trials that the sampler can propose; None if there is no limit.

        Raises:
            UserError: if the sampler cannot search this space.
        """
        return None
