"""Mean squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class SquaredError(LossComponent):
    """Mean squared error of numbers or pixels; minimizing it maximizes the PSNR of images."""

    tasks: ClassVar[frozenset[str]] = frozenset({"regression", "enhancement"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of targets and outputs of one shape: standardised numbers or pixels from 0 to 1."""
        import keras

        return keras.losses.MeanSquaredError()
