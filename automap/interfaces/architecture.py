"""Architectures: backbones that every task can use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from automap.interfaces.component import Component

if TYPE_CHECKING:
    import keras

    Features = dict[int, keras.KerasTensor]
else:
    # The alias must exist at run time without Keras, which is imported only where a model is built.
    Features = dict[int, Any]


class Architecture(Component, ABC):
    """A backbone."""

    group: ClassVar[str] = "automap.architectures"

    @abstractmethod
    def build(self, inputs: keras.KerasTensor) -> Features:
        """Build the backbone on `inputs` and return its feature maps by stride.

        Args:
            inputs: ``(batch, height, width, channels)``, normalised to about zero mean and unit variance. Height and
                width are at least 8.

        Returns:
            Feature maps ``(batch, ceil(height / stride), ceil(width / stride), filters)`` by their stride relative
            to the input, from fine to coarse. Return all that the backbone has, so that every task finds what its
            head needs; the coarsest comes last.
        """
