"""Multi-label classification: any number of labels for each image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, LabelsInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.task import Task
from automap.tasks.heads import pooled_logits
from automap.tasks.roc import mean_area_under_roc

if TYPE_CHECKING:
    import keras
    from PIL import Image

THRESHOLD = 0.5
"""Probability from which on a label is taken to hold."""


class MultiLabel(Task):
    """Any number of labels for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"labels"})
    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mean_average_precision": Metric("maximize", "mean over labels of the area under precision and recall"),
        "micro_f1": Metric("maximize", "F1 score of all decisions about labels together"),
        "macro_f1": Metric("maximize", "mean over labels of the F1 score"),
        "exact_match": Metric("maximize", "share of images of which every label is right"),
        "auroc": Metric("maximize", "mean over labels of the area under the ROC curve"),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    default_objective: ClassVar[str] = "mean_average_precision"
    default_loss: ClassVar[str] = "binary_cross_entropy"
    mixable: ClassVar[bool] = True

    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped before the last layer")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn labels ``(batch, labels)``, 0 or 1, uint8, into ``labels`` of the same shape, float32."""
        from keras import ops

        return {"labels": ops.cast(targets, "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return logits ``(batch, labels)``, float32."""
        return pooled_logits(features, len(info.target_as(LabelsInfo).classes), self.dropout)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the labels, 0 or 1, or mixed by an augmentation."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of labels against logits."""
        return MultiLabelEvaluator()

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Turn logits ``(batch, labels)`` into answers.

        Returns:
            For each image ``labels``, those that hold, and ``classes``: every label with its probability, the most
            probable first.
        """
        return [_answer(row, info.target_as(LabelsInfo).classes) for row in sigmoid(outputs)]

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with the labels that hold below it."""
        from automap.tasks.drawing import captioned

        return captioned(image, ", ".join(answer["labels"]) or "none")


class MultiLabelEvaluator(Evaluator):
    """Collects logits and computes the metrics of `MultiLabel` over all of them.

    Holds ``5 · images · labels`` bytes. Labels that no image has count in no mean over labels, and
    means over no label are left out.
    """

    def __init__(self) -> None:
        self._targets: list[Array] = []
        self._outputs: list[Array] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: labels ``(batch, labels)``, 0 or 1, and logits of the same shape."""
        self._targets.append(np.asarray(targets) > 0)
        self._outputs.append(np.asarray(outputs, np.float32))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, logits = np.concatenate(self._targets), np.concatenate(self._outputs)
        found = _of_decisions(targets, logits >= _LOGIT)
        present = targets.any(axis=0)
        if present.any():
            found |= _of_labels(targets[:, present], logits[:, present])
        area = mean_area_under_roc(targets, logits)
        return found if area is None else {**found, "auroc": area}


_LOGIT = float(np.log(THRESHOLD / (1 - THRESHOLD)))


def sigmoid(logits: Array) -> Array:
    """Return the probabilities of logits, float64, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64))))


def _answer(probabilities: Array, labels: tuple[str, ...]) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")
    ranked = [{"label": labels[index], "probability": float(probabilities[index])} for index in order]
    return {"labels": [entry["label"] for entry in ranked if entry["probability"] >= THRESHOLD], "classes": ranked}


def _of_decisions(targets: Array, decisions: Array) -> dict[str, float]:
    hits, given = int((targets & decisions).sum()), int(targets.sum() + decisions.sum())
    return {
        "micro_f1": 2 * hits / given if given else 0.0,
        "exact_match": float((targets == decisions).all(axis=1).mean()),
    }


def _of_labels(targets: Array, logits: Array) -> dict[str, float]:
    """Return means over labels, each of which some image has."""
    from sklearn.metrics import average_precision_score

    decisions = logits >= _LOGIT
    f1 = 2 * (targets & decisions).sum(axis=0) / (targets.sum(axis=0) + decisions.sum(axis=0))
    areas = [average_precision_score(targets[:, label], logits[:, label]) for label in range(targets.shape[1])]
    return {"macro_f1": float(f1.mean()), "mean_average_precision": float(np.mean(areas))}
