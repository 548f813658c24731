"""Explainers: which parts of an image an answer rests on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

from automap.interfaces.component import Component

if TYPE_CHECKING:
    from automap.interfaces.array import Array


class Explained(Protocol):
    """A network with one number of its output that is to be explained, the *score*."""

    blank: Array
    """An image that shows nothing ``(height, width, channels)``: the mean of the training images."""

    def scores(self, images: Array) -> Array:
        """Return the scores ``(batch,)`` of images ``(batch, height, width, channels)`` in pixel values."""

    def image_gradients(self, images: Array) -> Array:
        """Return the gradients of the scores with respect to the pixels, in the shape of the images."""

    def feature_gradients(self, images: Array) -> tuple[Array, Array]:
        """Return the coarsest useful feature maps ``(batch, h, w, channels)`` and the scores' gradients there."""


class Explainer(Component, ABC):
    """Computes heat maps: how much each part of an image raises the score."""

    group: ClassVar[str] = "automap.explainers"

    @abstractmethod
    def heat(self, network: Explained, image: Array) -> Array:
        """Return a heat map ``(h, w)`` of any resolution, float32, not negative; larger is more important.

        Args:
            network: with the score.
            image: ``(height, width, channels)``, in pixel values.
        """
