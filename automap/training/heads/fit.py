"""Fit the head of a task on the features of a frozen backbone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.heads import (
    HIDDEN_UNITS,
    KERNEL_REFERENCES,
    KERNEL_SHARPNESS,
    MOST_REFERENCES,
    SHARPNESS,
    SMALLEST_SHARE,
    PooledTask,
)
from automap.training.heads.losses import HeadLoss, sigmoid_loss, softmax_loss, squared_hinge_loss, squared_loss
from automap.training.heads.margins import FOLDS, scale_of_margins
from automap.training.heads.principal import Principal, principal
from automap.training.heads.solve import fit_linear, fit_perceptron

NORM_EPSILON = 1e-3
"""Of the head's normalisation, Keras's default."""
SMALLEST_EIGENVALUE = 1e-6
"""Of the similarities among reference images, as a share of the largest: directions below are left out."""


@dataclass(frozen=True)
class FittedHead:
    """A head with its weights."""

    layers: Mapping[str, list[Array]]
    """Weights by the names of the layers that `PooledTask.head_outputs` builds."""
    outputs: Callable[[Array], Array]
    """From features ``(images, channels)`` to raw outputs ``(images, units)``, float32, as the layers compute them."""


@dataclass(frozen=True)
class HeadData:
    """What heads are fitted on."""

    features: Array
    """Of training images, ``(images, channels)``, float32."""
    targets: Array
    """As the task's loss takes them, ``(images, units)``, float32: one-hot for classes."""
    train_size: int
    """Images; the rows beyond them are other views of the same images."""

    @property
    def views(self) -> int:
        """The number of other views."""
        return len(self.features) // self.train_size - 1

    def of_images(self, chosen: Array) -> HeadData:
        """Return the data of some of the images, ``(images,)`` bool, with their other views."""
        rows = np.tile(chosen, self.views + 1)
        return HeadData(self.features[rows], self.targets[rows], int(chosen.sum()))

    @cached_property
    def principal(self) -> Principal:
        """The features by their principal components; computed for the first head that needs them."""
        return principal(self.features)


def fit_head(task: PooledTask, data: HeadData, seed: int) -> FittedHead:
    """Fit a task's head; features are standardised by the images that it is fitted on.

    Args:
        task: says which head, and its penalty.
        data: features and targets.
        seed: of initial weights.
    """
    if task.head in ("cosine", "kernel", "knn"):
        return _fit_on_directions(task, data)
    found, loss = data.principal, _loss_of(task)
    if task.head == "mlp":
        first, offset, kernel, bias = fit_perceptron(
            found.values, data.targets, loss, task.l2_penalty, HIDDEN_UNITS, seed
        )
        return _perceptron(found.on_features(first, offset), (kernel, bias))
    kernel, bias = fit_linear(found.values, data.targets, loss, task.l2_penalty)
    if task.head == "svm" and data.train_size >= FOLDS:
        logistic = {"softmax": softmax_loss, "sigmoid": sigmoid_loss}[task.link]
        scale = scale_of_margins(found.values, data.targets, data.train_size, task.l2_penalty, logistic)
        kernel, bias = kernel * scale, bias * scale
    return _linear(found.on_features(kernel, bias))


def _loss_of(task: PooledTask) -> HeadLoss:
    if task.head == "svm":
        return squared_hinge_loss
    return {"softmax": softmax_loss, "sigmoid": sigmoid_loss, "identity": squared_loss}[task.link]


def _linear(layer: tuple[Array, Array]) -> FittedHead:
    kernel, bias = layer
    return FittedHead({"logits": [kernel, bias]}, lambda features: features @ kernel + bias)


def _perceptron(hidden: tuple[Array, Array], last: tuple[Array, Array]) -> FittedHead:
    def outputs(features: Array) -> Array:
        active: Array = np.maximum(features @ hidden[0] + hidden[1], 0.0)
        return np.asarray(active @ last[0] + last[1])

    return FittedHead({"head_hidden": list(hidden), "logits": list(last)}, outputs)


def _fit_on_directions(task: PooledTask, data: HeadData) -> FittedHead:
    features, targets = data.features, data.targets
    mean, variance = features.mean(axis=0), features.var(axis=0)

    def directions(rows: Array) -> Array:
        standardised = (rows - mean) / np.sqrt(variance + NORM_EPSILON)
        length = np.sqrt(np.maximum((standardised**2).sum(axis=1, keepdims=True), 1e-12))
        return np.asarray(standardised / length, np.float32)

    embedded = directions(features)
    norm = [mean, variance]
    if task.head == "cosine":
        # On the unit sphere, features are as small as their number is large.
        kernel, bias = fit_linear(embedded, targets, _loss_of(task), task.l2_penalty / embedded.shape[1])
        return FittedHead({"head_norm": norm, "logits": [kernel, bias]}, lambda rows: directions(rows) @ kernel + bias)
    if task.head == "kernel":
        return _fit_kernel(task, HeadData(embedded, targets, data.train_size), norm, directions)
    chosen = np.random.default_rng(0).permutation(data.train_size)[:MOST_REFERENCES]
    references, labels = embedded[chosen], targets[chosen]
    layers = {"head_norm": norm, "head_references": [references.T], "head_votes": [labels]}
    return FittedHead(layers, lambda rows: _votes(directions(rows), references, labels, task.neighbours))


def _fit_kernel(
    task: PooledTask, data: HeadData, norm: list[Array], directions: Callable[[Array], Array]
) -> FittedHead:
    """Fit a linear layer in the space of the Gaussian kernel, by Nyström's method (Williams and Seeger, 2000).

    Args:
        task: the task.
        data: features of length 1.
        norm: weights of the normalisation before it.
        directions: from features to features of length 1.
    """
    chosen = np.random.default_rng(0).permutation(data.train_size)[:KERNEL_REFERENCES]
    references = data.features[chosen]

    def similarities(rows: Array) -> Array:
        return np.asarray(np.exp(KERNEL_SHARPNESS * (rows @ references.T - 1.0)))

    values, vectors = np.linalg.eigh(similarities(references).astype(np.float64))
    kept = values > SMALLEST_EIGENVALUE * values[-1]
    whitening = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    penalty = task.l2_penalty / data.features.shape[1]
    inner, bias = fit_linear(similarities(data.features) @ whitening, data.targets, _loss_of(task), penalty)
    kernel = whitening @ inner
    layers = {"head_norm": norm, "head_references": [references.T], "logits": [kernel, bias]}
    return FittedHead(layers, lambda rows: similarities(directions(rows)) @ kernel + bias)


def _votes(embedded: Array, references: Array, labels: Array, neighbours: int) -> Array:
    similarity = embedded @ references.T
    count = min(neighbours, len(references))
    nearest = np.partition(similarity, -count, axis=1)[:, -count, None]
    votes = np.where(similarity >= nearest, np.exp(SHARPNESS * (similarity - 1.0)), 0.0) @ labels
    return np.asarray(np.log(votes / votes.sum(axis=1, keepdims=True) + SMALLEST_SHARE), np.float32)
