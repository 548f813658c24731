"""Margins of a support vector machine become probabilities."""

import numpy as np
from sklearn.datasets import load_digits

from automap.training.heads.losses import softmax_loss, squared_hinge_loss
from automap.training.heads.margins import scale_of_margins
from automap.training.heads.solve import fit_linear


def test_scaled_margins_are_calibrated_on_images_that_were_not_fitted():
    pixels, labels = load_digits(return_X_y=True)
    features = ((pixels - pixels.mean(axis=0)) / (pixels.std(axis=0) + 1e-3)).astype("float32")
    targets = np.eye(10, dtype="float32")[labels]
    train, other = slice(0, 1000), slice(1000, None)
    kernel, bias = fit_linear(features[train], targets[train], squared_hinge_loss, 0.01)
    scale = scale_of_margins(features[train], targets[train], 1000, 0.01, softmax_loss)
    margins = features[other] @ kernel + bias
    before, after = (softmax_loss(factor * margins, targets[other])[0] for factor in (1.0, scale))
    best = min(softmax_loss(factor * margins, targets[other])[0] for factor in np.geomspace(0.1, 100, 100))
    assert after < 0.6 * before
    assert after < 1.1 * best


def test_other_views_of_held_out_images_are_held_out_too():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(100, 200)).astype("float32")
    targets = np.eye(2, dtype="float32")[generator.integers(0, 2, 100)]
    once = scale_of_margins(features, targets, 100, 1e-3, softmax_loss)
    twice = scale_of_margins(np.tile(features, (2, 1)), np.tile(targets, (2, 1)), 100, 1e-3, softmax_loss)
    assert twice < 1.5 * once, "noise that was seen in another view looks like knowledge"
