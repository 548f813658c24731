"""Face recognition: embeddings in which images of one identity lie together, also of identities never seen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo, LabelInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.task import Task
from automap.tasks.face_recognition import verification
from automap.tasks.roc import mean_area_under_roc

if TYPE_CHECKING:
    import keras
    from PIL import Image


class FaceRecognition(Task):
    """Embeddings of identities, faces or any others, that also tell apart those never trained on."""

    # Its data looks like that of classification, which is what a spec means that names no task.
    recommended: ClassVar[bool] = False
    unseen_classes: ClassVar[bool] = True
    targets: ClassVar[frozenset[str]] = frozenset({"label"})
    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "verification_accuracy": Metric(
            "maximize", "share of pairs, as many of one identity as of two, told right by a threshold of other pairs"
        ),
        "auroc": Metric("maximize", "area under the ROC curve over pairs of images"),
        "tar_at_far_1e2": Metric("maximize", "pairs of one identity accepted where 1 in 100 pairs of two is"),
        "tar_at_far_1e3": Metric("maximize", "pairs of one identity accepted where 1 in 1000 pairs of two is"),
        "rank1": Metric("maximize", "share of images whose most similar other image is of the same identity"),
        "threshold": Metric("maximize", "similarity that tells pairs apart best; what predict decides by, not a goal"),
    }
    default_objective: ClassVar[str] = "auroc"
    default_loss: ClassVar[str] = "arcface"
    mixable: ClassVar[bool] = True

    embedding_size: int = tunable(128, choices=(64, 128, 256), ge=2, le=4096, description="numbers of an embedding")
    pooling: Literal["average", "place"] = Field(
        "average",
        description="average: features over the image; place: each place has weights of its own, for aligned faces",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped before the last layer")

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
        """Return the labels, one-hot or mixed by an augmentation."""
        return targets["labels"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of class indices against embeddings."""
        return VerificationEvaluator(pairs)

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Return for each image its ``embedding``: numbers of which those of another image give the similarity."""
        return [{"embedding": [float(value) for value in row]} for row in outputs]

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with the identity that was found, or with what it was compared with, below it."""
        from automap.tasks.drawing import captioned

        verdict = "" if "same" not in answer else ", the same" if answer["same"] else ", another"
        return captioned(image, f"{answer.get('identity', answer.get('other'))}: {answer['similarity']:.2f}{verdict}")


class VerificationEvaluator(Evaluator):
    """Collects embeddings and computes the metrics of `FaceRecognition` over their pairs.

    Holds ``4 · images · size`` bytes, and about 20 bytes for each of up to `verification.MOST_PAIRS` pairs of a kind.
    Metrics over pairs are left out where all images are of one identity, or each of another.
    """

    def __init__(self, pairs: VerificationPairs | None = None) -> None:
        self._targets: list[Array] = []
        self._outputs: list[Array] = []
        self._pairs = pairs

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: class indices ``(batch,)`` and embeddings ``(batch, size)`` of length 1."""
        self._targets.append(np.asarray(targets))
        self._outputs.append(np.asarray(outputs, np.float32))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        identities, embeddings = np.concatenate(self._targets), np.concatenate(self._outputs)
        given = self._pairs
        if given is None:
            pairs, fold = verification.compare_all(identities, embeddings), None
        else:
            pairs = verification.compare(identities, embeddings, given.first, given.second)
            fold = given.fold if given.fold.any() else None
        first = verification.rank_one(identities, embeddings)
        found = {} if first is None else {"rank1": first}
        return found | _of_pairs(pairs, fold) if pairs.same.any() and not pairs.same.all() else found


def _of_pairs(pairs: verification.Pairs, fold: Array | None) -> dict[str, float]:
    area = mean_area_under_roc(pairs.same[:, None], pairs.scores[:, None])
    assert area is not None
    return {
        "verification_accuracy": (
            verification.verification_accuracy(pairs) if fold is None else verification.accuracy_of_folds(pairs, fold)
        ),
        "auroc": area,
        "tar_at_far_1e2": verification.true_accept_rate(pairs, 1e-2),
        "tar_at_far_1e3": verification.true_accept_rate(pairs, 1e-3),
        "threshold": verification.balanced_threshold(pairs),
    }
