"""Focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class Focal(LossComponent):
    """Focal loss (Lin et al., 2017, arXiv:1708.02002)."""

    gamma: float = Field(2.0, ge=0, description="focusing parameter; 0 is cross-entropy times alpha")
    alpha: float = Field(1.0, gt=0, description="factor of the whole loss")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of soft targets ``(batch, classes)`` and logits of the same shape."""
        import keras

        return keras.losses.CategoricalFocalCrossentropy(alpha=self.alpha, gamma=self.gamma, from_logits=True)
