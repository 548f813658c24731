"""The runtime of Keras models."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE
from automap.models.runtime import Runtime


class KerasRuntime(Runtime):
    """Runs a Keras network.

    Args:
        network: from inputs by name, or, in models of automap 0.1, from one tensor of images, to raw outputs.
    """

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self._takes_mapping = isinstance(network.input, dict)

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs ``(batch, …)``, float32; see `Runtime.run`."""
        given = dict(inputs) if self._takes_mapping else inputs[IMAGE]
        return np.asarray(self.network.predict_on_batch(given))
