"""Runtimes: what turns a batch of inputs into raw outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from automap.interfaces.array import Array


class Runtime(ABC):
    """Runs a network, in whatever form it is stored."""

    @abstractmethod
    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs ``(batch, …)``, float32.

        Args:
            inputs: by name; ``image`` is ``(batch, height, width, channels)``, uint8 or uint16, in pixel values.
        """
