"""Multi-label classification: any number of labels for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, LabelsInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.tasks.classification.answer import ranked
from automap.tasks.combining import mixed_binary_logits
from automap.tasks.heads import PooledTask
from automap.tasks.multi_label.answer import MultiLabelAnswer
from automap.tasks.multi_label.metrics import THRESHOLD, MultiLabelEvaluator, sigmoid

if TYPE_CHECKING:
    import keras

    from automap.tasks.multi_label.drawing import MultiLabelDrawing


class MultiLabel(PooledTask):
    """Any number of labels for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"labels"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mean_average_precision": Metric("maximize", "area under the precision-recall curve, mean over labels"),
        "micro_f1": Metric("maximize", "F1 score over all labels pooled"),
        "macro_f1": Metric("maximize", "F1 score, mean over labels"),
        "exact_match": Metric("maximize", "fraction of images with every label correct"),
        "auroc": Metric("maximize", "area under the ROC curve, mean over labels"),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    decoding: ClassVar[str] = "Logits of the labels, in order; labels with a sigmoid of at least 0.5 are predicted."
    default_objective: ClassVar[str] = "mean_average_precision"
    default_loss: ClassVar[str] = "binary_cross_entropy"
    mixable: ClassVar[bool] = True
    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "sigmoid"

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Convert labels ``(batch, labels)``, 0 or 1, uint8, to ``labels`` of the same shape, float32."""
        from keras import ops

        return {"labels": ops.cast(targets, "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return logits ``(batch, labels)``, float32."""
        return self.head_outputs(features, len(info.target_as(LabelsInfo).classes), info.train_size)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the labels, 0 or 1, or mixed."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of logits against labels."""
        return MultiLabelEvaluator()

    def decode(self, outputs: Array, info: DataInfo) -> list[MultiLabelAnswer]:
        """Turn logits ``(batch, labels)`` into predicted labels and probabilities."""
        names = info.target_as(LabelsInfo).classes
        answers = []
        for classes in (ranked(row, names) for row in sigmoid(outputs)):
            labels = tuple(each.label for each in classes if each.probability >= THRESHOLD)
            answers.append(MultiLabelAnswer(labels=labels, classes=classes))
        return answers

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Average the probabilities and return their logits."""
        return mixed_binary_logits(outputs, weights, temperature)

    def drawing(self, info: DataInfo) -> MultiLabelDrawing:
        """Return what writes the labels below an image."""
        from automap.tasks.multi_label.drawing import MultiLabelDrawing

        return MultiLabelDrawing()
