"""Structural dissimilarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from automap import DataInfo, LossComponent

if TYPE_CHECKING:
    import keras


class SSIM(LossComponent):
    """One minus the structural similarity (Wang et al., 2004), plus a weighted absolute error."""

    tasks: ClassVar[frozenset[str]] = frozenset({"enhancement"})

    absolute: float = Field(0.16, ge=0, le=1, description="weight of the absolute error; SSIM has the rest")

    def build(self, info: DataInfo) -> keras.Loss:
        """Return the Keras loss of target images and enhanced ones, 0 to 1."""
        from automap_losses.images import SSIMLoss

        return SSIMLoss(self.absolute)
