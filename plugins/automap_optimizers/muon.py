"""Muon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class Muon(OptimizerComponent):
    """Orthogonalised momentum for matrices, AdamW for the rest (Jordan et al., 2024; arXiv:2502.16982).

    Keras takes only two-dimensional weights for matrices: kernels of convolutions are trained by AdamW.
    """

    recommended: ClassVar[bool] = False

    learning_rate: float = tunable(2e-3, low=1e-4, high=2e-2, log=True, gt=0)
    weight_decay: float = tunable(1e-2, low=1e-4, high=1e-1, log=True, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        import keras

        return keras.optimizers.Muon(
            learning_rate,
            weight_decay=self.weight_decay,
            adam_weight_decay=self.weight_decay,
            **options,
        )
