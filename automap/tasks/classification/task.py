"""Image classification: one class for each image."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, LabelInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.task import Task
from automap.tasks.roc import mean_area_under_roc

if TYPE_CHECKING:
    import keras
    from PIL import Image

CALIBRATION_BINS = 15


class Classification(Task):
    """One class for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"label"})
    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "accuracy": Metric("maximize", "share of images whose most probable class is the right one"),
        "top5_accuracy": Metric(
            "maximize",
            "share of images whose class is among the five most probable (all, if there are fewer)",
        ),
        "macro_f1": Metric("maximize", "mean over classes of the F1 score"),
        "balanced_accuracy": Metric("maximize", "mean over classes of the recall"),
        "auroc": Metric(
            "maximize",
            "area under the ROC curve; with more than two classes the mean of each class against the rest",
        ),
        "log_loss": Metric("minimize", "mean negative log-likelihood of the right class", "nat"),
        "calibration_error": Metric(
            "minimize", "expected calibration error of the most probable class, 15 bins of equal width"
        ),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    default_objective: ClassVar[str] = "accuracy"
    default_loss: ClassVar[str] = "cross_entropy"
    mixable: ClassVar[bool] = True

    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped before the last layer")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn class indices ``(batch,)`` into ``labels`` ``(batch, classes)``, one-hot, float32."""
        from keras import ops

        return {"labels": ops.one_hot(targets, len(info.target_as(LabelInfo).classes), dtype="float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return logits ``(batch, classes)``, float32."""
        from automap.tasks.heads import pooled_logits

        return pooled_logits(features, len(info.target_as(LabelInfo).classes), self.dropout)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the labels, one-hot or mixed by an augmentation."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of class indices against logits."""
        return ClassificationEvaluator(len(info.target_as(LabelInfo).classes))

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Turn logits ``(batch, classes)`` into answers.

        Returns:
            For each image ``label`` and ``probability`` of the most probable class, and ``classes``: every
            class with its probability, the most probable first.
        """
        return [_answer(row, info.target_as(LabelInfo).classes) for row in np.exp(log_softmax(outputs))]

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with its class and probability below it."""
        from automap.tasks.drawing import captioned

        return captioned(image, f"{answer['label']} {answer['probability']:.1%}")


class ClassificationEvaluator(Evaluator):
    """Collects logits and computes the metrics of `Classification` over all of them.

    Holds ``4 · images · classes`` bytes. ``auroc`` is left out where no class has both positive and negative
    images, for it has no value there; classes that no image has are left out of the means over classes.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._targets: list[Array] = []
        self._outputs: list[Array] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: class indices ``(batch,)`` and logits ``(batch, classes)``."""
        self._targets.append(np.asarray(targets))
        self._outputs.append(np.asarray(outputs, np.float32))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, logits = np.concatenate(self._targets), np.concatenate(self._outputs)
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


def _answer(probabilities: Array, classes: tuple[str, ...]) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")
    ranked = [{"label": classes[index], "probability": float(probabilities[index])} for index in order]
    return {**ranked[0], "classes": ranked}


def _of_decisions(targets: Array, decisions: Array) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    present = np.unique(targets)
    with warnings.catch_warnings():
        # A class of which nothing was predicted has an F1 of 0, which scikit-learn warns about each time.
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
    """Return the area under the ROC curve of classes that exclude each other, ties counted half.

    Args:
        targets: class indices ``(n,)``.
        probabilities: ``(n, classes)``. With two classes those of the second are ranked; with more the mean
            over the classes that have both positive and negative images is taken.

    Returns:
        The area, 0 to 1; None if no class has both.
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
        The mean distance, weighted by the number of images, of confidence and accuracy in a bin, 0 to 1.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(number, confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(targets))
