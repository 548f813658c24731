"""Losses that compare the embeddings of a batch with each other."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_FAR = 1e9


class BatchHardTriplet(keras.losses.Loss):  # type: ignore[misc]
    """Triplet loss with the hardest positive and hardest negative of the batch.

    Args:
        margin: by which the nearest stranger should be farther away, in distance; 0 stands for the soft margin.
    """

    def __init__(self, margin: float) -> None:
        super().__init__(name="triplet")
        self.margin = margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, ``(batch,)``; 0 for an image without a positive or a negative in the batch.

        Args:
            y_true: ``(batch, classes)``, one-hot.
            y_pred: embeddings ``(batch, size)`` of length 1.
        """
        own, strange = relations(y_true)
        # Unit vectors: the squared distance is 2 - 2 cos. The root has no derivative at 0.
        distances = ops.sqrt(ops.maximum(2.0 - 2.0 * ops.matmul(y_pred, ops.transpose(y_pred)), 1e-12))
        farthest = ops.max(ops.where(own, distances, -_FAR), axis=1)
        nearest = ops.min(ops.where(strange, distances, _FAR), axis=1)
        complete = ops.logical_and(ops.any(own, axis=1), ops.any(strange, axis=1))
        gap = ops.where(complete, farthest - nearest, -_FAR)
        return ops.relu(gap + self.margin) if self.margin else ops.softplus(gap)


class CircleOfUnits(keras.losses.Loss):  # type: ignore[misc]
    """Circle loss with each image as the anchor once.

    Keras's (3.15) lets gradients through the weights of pairs, which the paper holds fixed, and takes the logarithm
    of 0 for an image that has no other of its identity.

    Args:
        gamma: scale of the similarities.
        margin: relaxation.
    """

    def __init__(self, gamma: float, margin: float) -> None:
        super().__init__(name="circle")
        self.gamma, self.margin = gamma, margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, ``(batch,)``; 0 for an image without a positive or a negative in the batch.

        Args:
            y_true: ``(batch, classes)``, one-hot.
            y_pred: embeddings ``(batch, size)`` of length 1.
        """
        own, strange = relations(y_true)
        similarities = ops.matmul(y_pred, ops.transpose(y_pred))
        fixed = ops.stop_gradient(similarities)
        near = -self.gamma * ops.relu(1 + self.margin - fixed) * (similarities - (1 - self.margin))
        far = self.gamma * ops.relu(fixed + self.margin) * (similarities - self.margin)
        pulled = ops.logsumexp(ops.where(own, near, -_FAR), axis=1)
        pushed = ops.logsumexp(ops.where(strange, far, -_FAR), axis=1)
        return ops.softplus(pulled + pushed)


def relations(labels: Any) -> tuple[Any, Any]:
    """Return which pairs of images in a batch show the same identity.

    Args:
        labels: ``(batch, classes)``, one-hot.

    Returns:
        Two bool tensors ``(batch, batch)``: another image of the same identity, and one of another identity.
    """
    identity = ops.argmax(labels, axis=-1)
    same = ops.equal(identity[:, None], identity[None, :])
    image = ops.arange(ops.shape(labels)[0])
    other = ops.not_equal(image[:, None], image[None, :])
    return ops.logical_and(same, other), ops.logical_not(same)
