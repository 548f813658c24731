"""The losses that heads are fitted with, each with its gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from automap.interfaces.array import Array

HeadLoss = Callable[[Array, Array], tuple[float, Array]]
"""From outputs and targets ``(images, units)`` to the mean loss and its gradient by the outputs."""


def softmax_loss(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Return the cross-entropy of one-hot targets."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    exponents = np.exp(shifted)
    total = exponents.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - (shifted * targets).sum(axis=1)).mean())
    return loss, (exponents / total - targets) / len(outputs)


def sigmoid_loss(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Return the binary cross-entropy of targets of 0 or 1, summed over the units."""
    loss = float((np.logaddexp(0.0, outputs) - targets * outputs).sum(axis=1).mean())
    return loss, (0.5 + 0.5 * np.tanh(0.5 * outputs) - targets) / len(outputs)


def squared_loss(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Return half the squared error, summed over the units."""
    difference = outputs - targets
    return float(0.5 * (difference**2).sum(axis=1).mean()), difference / len(outputs)


def squared_hinge_loss(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Return the squared hinge loss of every class against the rest, for one-hot targets, summed over the classes."""
    signs = 2.0 * targets - 1.0
    slack = np.maximum(0.0, 1.0 - signs * outputs)
    return float(0.5 * (slack**2).sum(axis=1).mean()), -signs * slack / len(outputs)
