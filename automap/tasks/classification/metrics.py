"""Metrics of classification."""

from __future__ import annotations

import warnings

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.collecting import CollectingEvaluator
from automap.tasks.roc import mean_area_under_roc

CALIBRATION_BINS = 15


class ClassificationEvaluator(CollectingEvaluator):
    """Collects logits and computes the metrics of `Classification` over the whole split.

    Takes ``4 · images · classes`` bytes. ``auroc`` is missing if no class has both positive and negative images.
    Means over classes ignore classes without images.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self._classes = classes

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, logits = self.collected()
        log_probabilities = log_softmax(logits)
        probabilities = np.exp(log_probabilities)
        found = {
            **_of_decisions(targets, logits.argmax(axis=1)),
            "top5_accuracy": _top_accuracy(targets, logits, 5),
            "log_loss": float(-_of_target(log_probabilities, targets).mean()),
            "calibration_error": calibration_error(targets, probabilities),
        }
        area = area_under_roc(targets, probabilities)
        return found if area is None else {**found, "auroc": area}


def log_softmax(logits: Array) -> Array:
    """Return the logarithm of the softmax over the last axis, float64, without overflow."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _of_decisions(targets: Array, decisions: Array) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    present = np.unique(targets)
    with warnings.catch_warnings():
        # scikit-learn warns of every class that is never predicted; its F1 score is 0.
        warnings.simplefilter("ignore")
        return {
            "accuracy": float(accuracy_score(targets, decisions)),
            "macro_f1": float(f1_score(targets, decisions, average="macro", zero_division=0)),
            "balanced_accuracy": float(
                recall_score(targets, decisions, labels=present, average="macro", zero_division=0)
            ),
        }


def _of_target(values: Array, targets: Array) -> Array:
    chosen: Array = np.take_along_axis(values, targets[:, None].astype(np.int64), axis=1)[:, 0]
    return chosen


def _top_accuracy(targets: Array, logits: Array, count: int) -> float:
    better = (logits > _of_target(logits, targets)[:, None]).sum(axis=1)
    return float((better < min(count, logits.shape[1])).mean())


def area_under_roc(targets: Array, probabilities: Array) -> float | None:
    """Return the area under the ROC curve for mutually exclusive classes; ties count half.

    Args:
        targets: class indices ``(n,)``.
        probabilities: ``(n, classes)``.

    Returns:
        The area, 0 to 1: of the second class if there are two, else the mean over all classes with both positive and
        negative images; None if there are no such classes.
    """
    columns = np.array([1]) if probabilities.shape[1] == 2 else np.arange(probabilities.shape[1])
    return mean_area_under_roc(targets[:, None] == columns, probabilities[:, columns])


def calibration_error(targets: Array, probabilities: Array, bins: int = CALIBRATION_BINS) -> float:
    """Return the expected calibration error (Guo et al., 2017, arXiv:1706.04599).

    Args:
        targets: class indices ``(n,)``.
        probabilities: ``(n, classes)``.
        bins: number of bins of equal width, each closed on the right.

    Returns:
        The mean gap between confidence and accuracy over bins, weighted by their numbers of images, 0 to 1.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(number, confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(targets))
