"""Cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class CrossEntropy(LossComponent):
    """Softmax cross-entropy with label smoothing (Szegedy et al., 2016, arXiv:1512.00567)."""

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="label smoothing")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of soft targets ``(batch, classes)`` and logits of the same shape."""
        import keras

        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=self.label_smoothing)
