"""Mean squared error of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class MSE(LossComponent):
    """Mean squared error of pixels: what psnr measures."""

    tasks: ClassVar[frozenset[str]] = frozenset({"enhancement"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of target images and enhanced ones, 0 to 1."""
        import keras

        return keras.losses.MeanSquaredError()
