"""Muon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class Muon(OptimizerComponent):
    """Orthogonalised momentum for matrices, AdamW for the rest (Jordan et al., 2024; arXiv:2502.16982).

    Kernels of convolutions and of attention count as matrices. Biases, norms, embeddings, depthwise kernels and the
    head are trained by AdamW, at the same learning rate: updates are scaled to the size of AdamW's.
    """

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate", "weight_decay"})

    learning_rate: float = tunable(2e-3, low=1e-4, high=2e-2, log=True, gt=0)
    weight_decay: float = tunable(1e-2, low=1e-4, high=1e-1, log=True, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        from automap_optimizers.matrices import MatrixMuon

        return MatrixMuon(
            learning_rate,
            weight_decay=self.weight_decay,
            **options,
        )
