"""From margins to logits: the outputs of a support vector machine are scaled so that they give probabilities."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from automap.interfaces.array import Array
from automap.training.heads.losses import HeadLoss, squared_hinge_loss
from automap.training.heads.solve import fit_linear

MOST_IMAGES = 4000
"""Training images that the scale is estimated on; one number needs no more."""
FOLDS = 5
"""One of so many images is held out."""
_LOG_SCALES = (-3.0, 5.0)


def scale_of_margins(features: Array, targets: Array, images: int, penalty: float, loss: HeadLoss) -> float:
    """Return the factor that turns margins into logits, estimated on held-out training images.

    Platt scaling (Platt, 1999) without its bias, so that the order of the classes stays the same.

    Args:
        features: ``(rows, channels)``, standardised; further views of the images follow the first in the same order.
        targets: ``(rows, units)``, 0 or 1.
        images: number of images.
        penalty: of the machine.
        loss: of logits and targets: cross-entropy.
    """
    image = np.arange(len(features)) % images
    chosen, held = image < MOST_IMAGES, image % FOLDS == 0
    kernel, bias = fit_linear(features[chosen & ~held], targets[chosen & ~held], squared_hinge_loss, penalty)
    outputs, labels = features[chosen & held] @ kernel + bias, targets[chosen & held]
    found = minimize_scalar(
        lambda log_scale: loss(outputs * np.exp(log_scale), labels)[0], bounds=_LOG_SCALES, method="bounded"
    )
    return float(np.exp(found.x))
