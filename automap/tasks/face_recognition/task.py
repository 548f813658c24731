"""Face recognition: embeddings that are close for images of one identity, including unseen identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo, LabelInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.task import Task
from automap.tasks.combining import joined_embeddings
from automap.tasks.face_recognition.answer import EmbeddingAnswer
from automap.tasks.face_recognition.metrics import VerificationEvaluator

if TYPE_CHECKING:
    import keras

    from automap.tasks.face_recognition.drawing import SimilarityDrawing


class FaceRecognition(Task):
    """Embeddings of faces, or of any other identities, that generalise to identities never seen in training."""

    # Its data looks like classification data, and classification is what a spec without a task means.
    recommended: ClassVar[bool] = False
    unseen_classes: ClassVar[bool] = True
    targets: ClassVar[frozenset[str]] = frozenset({"label"})
    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "verification_accuracy": Metric("maximize", "LFW verification accuracy; threshold chosen on held-out folds"),
        "auroc": Metric("maximize", "area under the ROC curve over pairs of images"),
        "tar_at_far_1e2": Metric("maximize", "true accept rate at a false accept rate of 1e-2"),
        "tar_at_far_1e3": Metric("maximize", "true accept rate at a false accept rate of 1e-3"),
        "rank1": Metric("maximize", "rank-1 accuracy: the most similar other image has the same identity"),
        "threshold": Metric("maximize", "similarity threshold used by predict, not an objective"),
    }
    decoding: ClassVar[str] = "An embedding of length 1; the dot product of two is their cosine similarity."
    default_objective: ClassVar[str] = "auroc"
    default_loss: ClassVar[str] = "arcface"
    mixable: ClassVar[bool] = True

    embedding_size: int = tunable(128, choices=(64, 128, 256), ge=2, le=4096, description="dimension of the embedding")
    pooling: Literal["average", "place"] = Field(
        "average",
        description="average: global average pooling; place: learned weights for each position, for aligned faces",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate before the last layer")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn class indices ``(batch,)`` into ``labels`` ``(batch, trained classes)``, one-hot, float32."""
        from keras import ops

        place = np.cumsum(np.array(info.target_as(LabelInfo).class_counts) > 0, dtype=np.int32) - 1
        numbers = ops.take(ops.convert_to_tensor(place), ops.cast(targets, "int32"), axis=0)
        return {"labels": ops.one_hot(numbers, len(info.target_as(LabelInfo).trained_classes), dtype="float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Project the coarsest features to embeddings ``(batch, embedding_size)`` of length 1, float32."""
        from keras import layers

        coarsest = features[max(features)]
        if self.pooling == "place":
            place = layers.DepthwiseConv2D(tuple(coarsest.shape[1:3]), use_bias=False, name="head_place")
            pooled = layers.Flatten(name="head_pool")(place(coarsest))
        else:
            pooled = layers.GlobalAveragePooling2D(name="head_pool")(coarsest)
        if self.dropout:
            pooled = layers.Dropout(self.dropout, name="head_dropout")(pooled)
        projected = layers.Dense(self.embedding_size, use_bias=False, name="head_projection")(pooled)
        centred = layers.BatchNormalization(dtype="float32", name="head_norm")(projected)
        return layers.UnitNormalization(dtype="float32", name="head_unit")(centred)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the labels, one-hot or mixed."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of embeddings against class indices."""
        return VerificationEvaluator(pairs)

    def decode(self, outputs: Array, info: DataInfo) -> list[EmbeddingAnswer]:
        """Return the embedding of each image."""
        return [EmbeddingAnswer(embedding=tuple(row)) for row in outputs.tolist()]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Concatenate the embeddings."""
        return joined_embeddings(outputs, weights)

    def drawing(self, info: DataInfo) -> SimilarityDrawing:
        """Return what writes the similarity below an image."""
        from automap.tasks.face_recognition.drawing import SimilarityDrawing

        return SimilarityDrawing()
