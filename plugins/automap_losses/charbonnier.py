"""Charbonnier loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class Charbonnier(LossComponent):
    """The absolute error made smooth at zero (Charbonnier et al., 1994, doi:10.1109/ICIP.1994.413553)."""

    tasks: ClassVar[frozenset[str]] = frozenset({"enhancement"})

    epsilon: float = Field(1e-3, gt=0, description="error below which the loss is smooth, on a scale from 0 to 1")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of target images and enhanced ones, 0 to 1."""
        from automap_losses.images import CharbonnierLoss

        return CharbonnierLoss(self.epsilon)
