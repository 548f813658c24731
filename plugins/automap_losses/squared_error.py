"""Mean squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LabelInfo, LossComponent

if TYPE_CHECKING:
    import keras


class SquaredError(LossComponent):
    """Mean squared error of class probabilities (Brier, 1950), numbers or pixels; minimizing it maximizes the PSNR."""

    tasks: ClassVar[frozenset[str]] = frozenset({"classification", "regression", "enhancement"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of targets and outputs of one shape.

        These are soft targets ``(batch, classes)`` and logits, whose softmax is compared; standardised numbers; or
        pixels from 0 to 1.
        """
        import keras

        from automap_losses.brier import BrierScore

        return BrierScore() if isinstance(info.target, LabelInfo) else keras.losses.MeanSquaredError()
