"""Losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.component import Component
from automap.interfaces.data_info import DataInfo

if TYPE_CHECKING:
    import keras


class LossComponent(Component, ABC):
    """A loss."""

    group: ClassVar[str] = "automap.losses"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    """Names of the tasks that it serves."""
    mixable: ClassVar[bool] = True
    """Whether it accepts soft labels, which augmentations that mix images produce."""

    @property
    def images_per_class(self) -> int | None:
        """How many images of a class a batch must hold, for losses that compare images; None if it does not matter."""
        return None

    @abstractmethod
    def build(self, info: DataInfo) -> keras.Loss | keras.Layer:
        """Return the Keras loss of targets as the task prepares them and raw outputs (logits).

        A loss with trainable weights is a layer, called as ``layer(targets, outputs)``, that returns the mean loss of
        the batch. Its weights are trained and checkpointed with the network but not saved with the model.

        Args:
            info: describes the data.
        """
