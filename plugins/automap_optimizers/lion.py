"""Lion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class Lion(OptimizerComponent):
    """Evolved sign momentum (Chen et al., 2023, arXiv:2302.06675)."""

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate", "weight_decay"})

    learning_rate: float = tunable(3e-4, low=3e-5, high=3e-3, log=True, gt=0)
    weight_decay: float = tunable(1e-1, low=1e-3, high=1.0, log=True, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        import keras

        return keras.optimizers.Lion(learning_rate, weight_decay=self.weight_decay, **options)
