"""Mean absolute error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class AbsoluteError(LossComponent):
    """Mean absolute error: outliers count little; it aims at the median."""

    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of standardised numbers ``(batch, numbers)`` and outputs of the same shape."""
        import keras

        return keras.losses.MeanAbsoluteError()
