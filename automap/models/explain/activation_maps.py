"""Class activation maps: weighted sums of feature maps."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.explainer import Explained, Explainer


class GradCam(Explainer):
    """Grad-CAM: feature maps weighted by their mean gradient (Selvaraju et al., 2017, arXiv:1610.02391)."""

    def heat(self, network: Explained, image: Array) -> Array:
        """Return a map of the resolution of the feature maps."""
        features, gradients = (values[0] for values in network.feature_gradients(image[None]))
        return np.asarray(np.maximum((features * gradients.mean(axis=(0, 1))).sum(axis=-1), 0))


class GradCamPlusPlus(Explainer):
    """Grad-CAM++: weights that count every place of an object (Chattopadhay et al., 2018, arXiv:1710.11063)."""

    def heat(self, network: Explained, image: Array) -> Array:
        """Return a map of the resolution of the feature maps."""
        features, gradients = (values[0] for values in network.feature_gradients(image[None]))
        squared, cubed = gradients**2, gradients**3
        below = 2 * squared + features.sum(axis=(0, 1)) * cubed
        alphas = np.where(np.abs(below) > 1e-12, squared / np.where(below == 0, 1, below), 0)
        weights = (alphas * np.maximum(gradients, 0)).sum(axis=(0, 1))
        return np.asarray(np.maximum((features * weights).sum(axis=-1), 0))


class LayerCam(Explainer):
    """LayerCAM: every place weighted by its own gradient (Jiang et al., 2021, doi:10.1109/TIP.2021.3089943)."""

    def heat(self, network: Explained, image: Array) -> Array:
        """Return a map of the resolution of the feature maps."""
        features, gradients = (values[0] for values in network.feature_gradients(image[None]))
        return np.asarray(np.maximum((features * np.maximum(gradients, 0)).sum(axis=-1), 0))
