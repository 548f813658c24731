"""Architectures: backbones that every task can use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import Field

from automap.interfaces.component import Component

if TYPE_CHECKING:
    import keras

    from automap.interfaces.array import Array

    Features = dict[int, keras.KerasTensor]
else:
    # The alias must exist at run time without Keras, which is imported only where a model is built.
    Features = dict[int, Any]


FROM_SCRATCH, IMAGENET = "none", "imagenet"
"""Values of `Architecture.pretrained` that are no paths."""
_PIN = "@sha256:"


def unpinned(pretrained: str) -> tuple[str, str | None]:
    """Split ``WEIGHTS@sha256:DIGEST`` into the weights and the SHA-256 of their file, None where it is left out."""
    weights, separator, digest = pretrained.rpartition(_PIN)
    return (weights, digest) if separator else (pretrained, None)


class Preprocessing(NamedTuple):
    """The normalisation that pretrained weights expect: ``(pixel - mean) / std``, pixels from 0 to 255."""

    mean: tuple[float, float, float]
    """Of red, green and blue."""
    std: tuple[float, float, float]
    """Of red, green and blue."""


class Architecture(Component, ABC):
    """A backbone."""

    group: ClassVar[str] = "automap.architectures"

    pretrained: str = Field(
        "none",
        description="initial weights: none; imagenet, where the architecture has them; or the path or URL of a file of "
        "weights or of a model that automap trained",
    )

    @property
    def preprocessing(self) -> Preprocessing | None:
        """The normalisation that the initial weights expect; None for the statistics of the training split."""
        return None

    @abstractmethod
    def build(self, inputs: keras.KerasTensor) -> Features:
        """Build the backbone on `inputs` and return its feature maps by stride.

        Args:
            inputs: ``(batch, height, width, channels)``, normalised to about zero mean and unit variance, or as
                `preprocessing` says. Height and width are at least 8.

        Returns:
            Feature maps ``(batch, ceil(height / stride), ceil(width / stride), filters)`` by their stride relative
            to the input, from fine to coarse. Return all that the backbone has, so that every task finds what its
            head needs; the coarsest comes last.
        """

    def imagenet_weights(self) -> Path | None:
        """Return the file of ImageNet weights on this machine; None if there is none."""
        return None

    def how_to_get_weights(self) -> str:
        """Return how to get the ImageNet weights that `imagenet_weights` did not find."""
        return f"{type(self).__name__} has no ImageNet weights; use pretrained: none, or a path"

    def read_weights(self, path: Path) -> Mapping[str, Array] | None:
        """Return the weights of a file of a format of its own, by layer as in `convert_weights`; None for other files.

        Args:
            path: the file that `pretrained` names.
        """
        return None

    def convert_weights(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return foreign weights under the names of this architecture's layers.

        Args:
            tensors: as they stand in the file, by name.

        Returns:
            The weights of each Keras layer, called ``layer/0``, ``layer/1``, … in Keras's order and shape.
        """
        return tensors
