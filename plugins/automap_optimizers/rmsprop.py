"""RMSprop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class RMSprop(OptimizerComponent):
    """RMSprop (Tieleman & Hinton, 2012)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate", "weight_decay"})

    learning_rate: float = tunable(1e-3, low=1e-4, high=1e-2, log=True, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        import keras

        return keras.optimizers.RMSprop(
            learning_rate, momentum=self.momentum, weight_decay=self.weight_decay, **options
        )
