"""Mean squared error of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class SquaredError(LossComponent):
    """Mean squared error of numbers: it aims at the mean."""

    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of standardised numbers ``(batch, numbers)`` and outputs of the same shape."""
        import keras

        return keras.losses.MeanSquaredError()
