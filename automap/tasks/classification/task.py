"""Image classification: one class for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable_if_pretrained
from automap.interfaces.data_info import DataInfo, LabelInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.tasks.classification.answer import ClassificationAnswer, ranked
from automap.tasks.classification.metrics import ClassificationEvaluator, log_softmax
from automap.tasks.combining import mixed_logits
from automap.tasks.heads import HEADS, HeadType, PooledTask

if TYPE_CHECKING:
    import keras

    from automap.tasks.classification.drawing import ClassificationDrawing


class Classification(PooledTask):
    """One class for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"label"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "accuracy": Metric("maximize", "fraction of images whose most probable class is correct"),
        "top5_accuracy": Metric(
            "maximize",
            "fraction of images whose class is among the five most probable (or all, if there are fewer)",
        ),
        "macro_f1": Metric("maximize", "F1 score, mean over classes"),
        "balanced_accuracy": Metric("maximize", "recall, mean over classes"),
        "auroc": Metric(
            "maximize",
            "area under the ROC curve; one-vs-rest mean for more than two classes",
        ),
        "log_loss": Metric("minimize", "mean negative log-likelihood of the true class", "nat"),
        "calibration_error": Metric(
            "minimize", "expected calibration error of the most probable class (15 equal-width bins)"
        ),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    decoding: ClassVar[str] = "Logits of the classes, in order; softmax gives their probabilities."
    default_objective: ClassVar[str] = "accuracy"
    default_loss: ClassVar[str] = "cross_entropy"
    mixable: ClassVar[bool] = True
    heads: ClassVar[frozenset[str]] = frozenset({"linear", "svm", "kernel", "mlp", "cosine", "knn"})

    head: Literal["auto"] | HeadType = tunable_if_pretrained(
        "auto", choices=("linear", "svm", "kernel", "mlp", "cosine"), description=HEADS
    )

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn class indices ``(batch,)`` into ``labels`` ``(batch, classes)``, one-hot, float32."""
        from keras import ops

        return {"labels": ops.one_hot(targets, len(info.target_as(LabelInfo).classes), dtype="float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return logits ``(batch, classes)``, float32."""
        return self.head_outputs(features, len(info.target_as(LabelInfo).classes), info.train_size)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the labels, one-hot or mixed."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of logits against class indices."""
        return ClassificationEvaluator(len(info.target_as(LabelInfo).classes))

    def decode(self, outputs: Array, info: DataInfo) -> list[ClassificationAnswer]:
        """Turn logits ``(batch, classes)`` into classes with probabilities."""
        names = info.target_as(LabelInfo).classes
        classes = [ranked(row, names) for row in np.exp(log_softmax(outputs))]
        return [
            ClassificationAnswer(label=each[0].label, probability=each[0].probability, classes=each) for each in classes
        ]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Average the probabilities and return their logits."""
        return mixed_logits(outputs, weights, temperature)

    def drawing(self, info: DataInfo) -> ClassificationDrawing:
        """Return what writes the class below an image."""
        from automap.tasks.classification.drawing import ClassificationDrawing

        return ClassificationDrawing()
