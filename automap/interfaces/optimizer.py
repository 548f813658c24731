"""Optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from automap.interfaces.component import Component

if TYPE_CHECKING:
    import keras


class OptimizerComponent(Component, ABC):
    """An optimizer."""

    group: ClassVar[str] = "automap.optimizers"
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate"})
    """Hyperparameters that are read from variables. The learning rate that `build` receives already is one; others
    must be attributes of the Keras optimizer of the same name, which training replaces by variables."""

    learning_rate: float = Field(1e-3, gt=0)

    @abstractmethod
    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer.

        Args:
            learning_rate: a float or a ``keras.optimizers.schedules.LearningRateSchedule`` whose peak is
                ``self.learning_rate``.
            options: keyword arguments of the base class ``keras.Optimizer`` that training sets for every optimizer
                (``global_clipnorm``, ``use_ema``, ``ema_momentum``, ``gradient_accumulation_steps``).
        """
