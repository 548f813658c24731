"""Huber loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from automap import DataInfo, LossComponent, tunable

if TYPE_CHECKING:
    import keras


class Huber(LossComponent):
    """Squared error near the target, absolute error far from it (Huber, 1964)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})

    delta: float = tunable(
        1.0,
        low=0.1,
        high=2.0,
        log=True,
        gt=0,
        description="error at which the loss changes from quadratic to linear, in standard deviations",
    )

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of standardised numbers ``(batch, numbers)`` and outputs of the same shape."""
        import keras

        return keras.losses.Huber(delta=self.delta)
