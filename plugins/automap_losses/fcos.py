"""The loss of a detector without anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class Fcos(LossComponent):
    """Focal loss of classes, GIoU loss of boxes and cross-entropy of centerness (FCOS: arXiv:1904.01355).

    Focal: Lin et al., 2017, arXiv:1708.02002; GIoU: Rezatofighi et al., 2019, arXiv:1902.09630.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"detection"})

    gamma: float = Field(2.0, ge=0, description="focusing parameter of the focal loss")
    alpha: float = Field(0.25, gt=0, lt=1, description="weight of objects against background in the focal loss")
    box_weight: float = Field(1.0, gt=0, description="weight of the boxes")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss."""
        from automap_losses.fcos_loss import FcosLoss

        return FcosLoss(self.gamma, self.alpha, self.box_weight)
