"""Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class Adam(OptimizerComponent):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980)."""

    recommended: ClassVar[bool] = False

    learning_rate: float = tunable(1e-3, low=1e-4, high=1e-2, log=True, gt=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        import keras

        return keras.optimizers.Adam(learning_rate, **options)
