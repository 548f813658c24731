"""Integrated gradients."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from automap.interfaces.array import Array
from automap.interfaces.explainer import Explained, Explainer


class IntegratedGradients(Explainer):
    """Integrated gradients from a blank image to the image (Sundararajan et al., 2017, arXiv:1703.01365)."""

    steps: int = Field(32, ge=2, le=1024, description="points of the path at which gradients are computed")

    def heat(self, network: Explained, image: Array) -> Array:
        """Return a map of the resolution of the image: the sum over the channels, where it raises the score."""
        shares = ((np.arange(self.steps) + 0.5) / self.steps).astype(np.float32)
        path = network.blank + shares[:, None, None, None] * (image - network.blank)
        gradients = network.image_gradients(path).mean(axis=0)
        return np.asarray(np.maximum(((image - network.blank) * gradients).sum(axis=-1), 0))
