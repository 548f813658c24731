"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class SGD(OptimizerComponent):
    """Stochastic gradient descent with momentum (Sutskever et al., 2013)."""

    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate", "weight_decay"})

    learning_rate: float = tunable(0.1, low=1e-2, high=1.0, log=True, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = True
    weight_decay: float = tunable(5e-4, low=1e-5, high=1e-2, log=True, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        import keras

        return keras.optimizers.SGD(
            learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            **options,
        )
