"""The head of tasks that predict something about the whole image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from automap.interfaces.architecture import Features
from automap.interfaces.component import tunable_if_pretrained
from automap.interfaces.task import Task

if TYPE_CHECKING:
    import keras

HeadType = Literal["linear", "svm", "kernel", "mlp", "cosine", "knn"]

HEADS = (
    "linear; svm, a linear layer fitted with the squared hinge loss; kernel, a linear layer on the similarities to "
    "training images; mlp, one hidden layer; cosine, a linear layer on features of length 1; knn, nearest neighbours, "
    "only with training.freeze: backbone; auto: linear"
)
PENALTY = 0.1
"""Where ``penalty`` is ``auto``."""
HIDDEN_UNITS = 64
"""Of the hidden layer of the head ``mlp``."""
MOST_REFERENCES = 10_000
"""Training images that the head ``knn`` stores at most."""
KERNEL_REFERENCES = 1_000
"""Training images that the head ``kernel`` compares with, at most."""
KERNEL_SHARPNESS = 2.0
"""The head ``kernel`` turns a cosine similarity s into ``exp(KERNEL_SHARPNESS · (s - 1))``: the Gaussian kernel of
features of length 1."""
OTHER_SIZE = 10_000
"""Added to the strides of feature maps of the image at another size."""
SHARPNESS = 20.0
"""The head ``knn`` weights a neighbour of cosine similarity s by ``exp(SHARPNESS · (s - 1))``."""
SMALLEST_SHARE = 1e-3
"""Added to the share of votes of each class, so that its logarithm is finite."""


class PooledTask(Task):
    """Base of tasks whose head sees backbone features averaged over the image."""

    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout", "penalty"})
    heads: ClassVar[frozenset[str]] = frozenset({"linear", "kernel", "mlp"})
    """The types of head that the task has."""
    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "softmax"
    """What turns outputs into predictions."""

    dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate before the last layer")
    head: Literal["auto"] | HeadType = tunable_if_pretrained(
        "auto", choices=("linear", "kernel", "mlp"), description=HEADS
    )
    features: Literal["auto", "last", "all", "scales"] = tunable_if_pretrained(
        "auto",
        choices=("all", "scales", "last"),
        description="what the head sees: last, features of the coarsest stride; all, of every stride; scales, those "
        "and the same of the image at half its size (twice, if it is small), where the head is fitted on cached "
        "features, else as all; auto: last",
    )
    penalty: Literal["auto"] | Annotated[float, Field(gt=0)] = tunable_if_pretrained(
        "auto",
        low=0.003,
        high=1.0,
        log=True,
        description=f"L2 penalty of a head that is fitted on the features of a frozen backbone; auto: {PENALTY}",
    )
    neighbours: int = Field(10, ge=1, le=1000, description="nearest neighbours of the head knn")

    @field_validator("head")
    @classmethod
    def _has_that_head(cls, head: str) -> str:
        if head != "auto" and head not in cls.heads:
            raise ValueError(f"this task has the heads {', '.join(sorted(cls.heads))}")
        return head

    @property
    def l2_penalty(self) -> float:
        """L2 penalty of a head that is fitted."""
        return PENALTY if self.penalty == "auto" else self.penalty

    def head_outputs(self, features: Features, units: int, train_size: int) -> keras.KerasTensor:
        """Build the head and return ``(batch, units)`` linear outputs, float32.

        Args:
            features: feature maps of a backbone by stride.
            units: number of outputs.
            train_size: training images, some of whose features the heads ``kernel`` and ``knn`` store.
        """
        from keras import layers

        pooled = pooled_features(features, self.features)
        match self.head:
            case "mlp":
                pooled = layers.Dense(HIDDEN_UNITS, activation="relu", name="head_hidden")(pooled)
            case "cosine" | "kernel" | "knn":
                pooled = _of_length_one(pooled)
        if self.head == "knn":
            return _votes(pooled, units, min(train_size, MOST_REFERENCES), self.neighbours)
        if self.head == "kernel":
            pooled = _similarities(pooled, min(train_size, KERNEL_REFERENCES))
        if self.dropout:
            pooled = layers.Dropout(self.dropout, name="head_dropout")(pooled)
        # The logits are float32 under any precision: a softmax of bfloat16 loses small probabilities.
        return layers.Dense(units, dtype="float32", name="logits")(pooled)


def pooled_features(features: Features, which: Literal["auto", "last", "all", "scales"]) -> keras.KerasTensor:
    """Average feature maps over the image and return ``(batch, channels)``.

    Args:
        features: feature maps of a backbone by stride.
        which: ``all`` and ``scales``: all of the given maps, from fine to coarse; else those of the coarsest stride.
    """
    from keras import layers

    if which in ("auto", "last") or len(features) == 1:
        return layers.GlobalAveragePooling2D(name="head_pool")(features[max(features)])
    pooled = [
        layers.GlobalAveragePooling2D(name=f"head_pool_{stride}")(features[stride]) for stride in sorted(features)
    ]
    return layers.Concatenate(name="head_pool")(pooled)


def _of_length_one(pooled: keras.KerasTensor) -> keras.KerasTensor:
    from keras import layers

    standardised = layers.BatchNormalization(center=False, scale=False, dtype="float32", name="head_norm")(pooled)
    return layers.UnitNormalization(dtype="float32", name="head_unit")(standardised)


def _similarities(embedded: Any, references: int) -> keras.KerasTensor:
    """Return the Gaussian kernel of features of length 1 and those of reference images, ``(batch, references)``."""
    from keras import layers, ops

    similarity = layers.Dense(references, use_bias=False, dtype="float32", name="head_references")(embedded)
    return ops.exp(KERNEL_SHARPNESS * (similarity - 1.0))


def _votes(embedded: Any, units: int, references: int, neighbours: int) -> keras.KerasTensor:
    """Return the logarithm of the share of each class among the nearest references, closer ones counting more."""
    from keras import layers, ops

    similarity = layers.Dense(references, use_bias=False, dtype="float32", name="head_references")(embedded)
    nearest, _ = ops.top_k(similarity, min(neighbours, references))
    weight = ops.exp(SHARPNESS * (similarity - 1.0))
    counted = ops.where(similarity >= nearest[:, -1:], weight, 0.0)
    votes = layers.Dense(units, use_bias=False, dtype="float32", name="head_votes")(counted)
    return ops.log(votes / ops.sum(votes, axis=-1, keepdims=True) + SMALLEST_SHARE)
