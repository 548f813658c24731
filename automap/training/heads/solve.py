"""Fitting linear layers and small perceptrons by L-BFGS on all features at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from automap.interfaces.array import Array
from automap.training.heads.losses import HeadLoss

ITERATIONS = 150
TOLERANCE = 1e-5
"""The fit ends when an iteration lowers the loss by a smaller fraction."""


def fit_linear(features: Array, targets: Array, loss: HeadLoss, penalty: float) -> tuple[Array, Array]:
    """Return the kernel ``(channels, units)`` and bias ``(units,)`` that minimise the loss with an L2 penalty.

    Args:
        features: ``(images, channels)``, standardised, float32.
        targets: ``(images, units)``, float32.
        loss: of outputs and targets.
        penalty: weight of half the squared norm of the kernel.
    """
    channels, units = features.shape[1], targets.shape[1]

    def value_and_gradient(flat: Array) -> tuple[float, Array]:
        kernel, bias = _unpacked(flat, [(channels, units), (units,)])
        value, slope = loss(features @ kernel + bias, targets)
        value += 0.5 * penalty * float((kernel**2).sum())
        return value, _packed([features.T @ slope + penalty * kernel, slope.sum(axis=0)])

    kernel, bias = _minimised(value_and_gradient, [np.zeros((channels, units)), np.zeros(units)])
    return kernel, bias


def fit_perceptron(
    features: Array, targets: Array, loss: HeadLoss, penalty: float, hidden: int, seed: int
) -> tuple[Array, Array, Array, Array]:
    """Return kernel and bias of a hidden layer with ReLU and of the output layer.

    Args:
        features: ``(images, channels)``, standardised, float32.
        targets: ``(images, units)``, float32.
        loss: of outputs and targets.
        penalty: weight of half the squared norms of the kernels.
        hidden: units of the hidden layer.
        seed: of the initial weights.
    """
    random, channels, units = np.random.default_rng(seed), features.shape[1], targets.shape[1]

    def value_and_gradient(flat: Array) -> tuple[float, Array]:
        first, offset, last, bias = _unpacked(flat, [(channels, hidden), (hidden,), (hidden, units), (units,)])
        active = np.maximum(features @ first + offset, 0.0)
        value, slope = loss(active @ last + bias, targets)
        value += 0.5 * penalty * float((first**2).sum() + (last**2).sum())
        back = (slope @ last.T) * (active > 0)
        gradients = [
            features.T @ back + penalty * first,
            back.sum(axis=0),
            active.T @ slope + penalty * last,
            slope.sum(axis=0),
        ]
        return value, _packed(gradients)

    initial = [
        random.normal(0.0, np.sqrt(2.0 / channels), (channels, hidden)),
        np.zeros(hidden),
        random.normal(0.0, np.sqrt(1.0 / hidden), (hidden, units)),
        np.zeros(units),
    ]
    first, offset, last, bias = _minimised(value_and_gradient, initial)
    return first, offset, last, bias


def _minimised(value_and_gradient: Callable[[Array], tuple[float, Array]], initial: Sequence[Array]) -> list[Array]:
    options = {"maxiter": ITERATIONS, "ftol": TOLERANCE, "gtol": 0.0}
    found = minimize(value_and_gradient, _packed(initial), jac=True, method="L-BFGS-B", options=options)
    return _unpacked(found.x, [each.shape for each in initial])


def _packed(arrays: Sequence[Array]) -> Array:
    # SciPy computes in float64; the products with the features are float32, which takes half the time.
    return np.concatenate([each.ravel() for each in arrays]).astype(np.float64)


def _unpacked(flat: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(flat.astype(np.float32), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
