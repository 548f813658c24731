"""Mean absolute error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class AbsoluteError(LossComponent):
    """Mean absolute error of numbers or pixels; less sensitive to outliers than the squared error."""

    tasks: ClassVar[frozenset[str]] = frozenset({"regression", "enhancement"})

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of targets and outputs of one shape: standardised numbers or pixels from 0 to 1."""
        import keras

        return keras.losses.MeanAbsoluteError()
