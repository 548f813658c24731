"""Softmax losses whose margin keeps identities apart: their class centres are trained with the network."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

NAME = "head_centres"
"""Of the layer: like the last layer of a network, optimizers made for inner matrices leave it alone."""

_EDGE = 1e-6
"""Cosines stay this far from 1 and -1, where the angle has no derivative."""


class MarginSoftmax(keras.layers.Layer):  # type: ignore[misc]
    """Cross-entropy of scaled cosines to one center per class, with a margin for the true class.

    The logit of the right class is ``scale · (cos(θ + angle) - cosine)``, that of any other ``scale · cos θ``. Beyond
    ``θ = π - angle``, where ``cos(θ + angle)`` would rise again, it goes on as ``cos θ - angle · sin(angle)``.

    Args:
        scale: by which cosines are multiplied.
        angle: margin margin added to the angle, in radians.
        cosine: margin margin subtracted from the cosine.
    """

    def __init__(self, scale: float, angle: float = 0.0, cosine: float = 0.0) -> None:
        super().__init__(name=NAME, dtype="float32")
        self.scale, self.angle, self.cosine = scale, angle, cosine

    def build(self, target_shape: tuple[int, ...], outputs_shape: tuple[int, ...]) -> None:
        """Create one center for each column of the targets."""
        classes, size = target_shape[-1], outputs_shape[-1]
        # Of length 1, about: an optimizer's step turns a short vector far.
        start = keras.initializers.RandomNormal(stddev=size**-0.5)
        self.centres = self.add_weight((classes, size), start, name="centres")
        self.built = True

    def call(self, target: Any, outputs: Any) -> Any:
        """Return the mean loss.

        Args:
            target: ``(batch, classes)``, one-hot, or mixed by an augmentation.
            outputs: embeddings ``(batch, size)`` of length 1.
        """
        centres = ops.normalize(self.centres, axis=-1)
        cosines = ops.clip(ops.matmul(outputs, ops.transpose(centres)), -1 + _EDGE, 1 - _EDGE)
        logits = self.scale * ops.where(target > 0, self._harder(cosines), cosines)
        return ops.mean(ops.categorical_crossentropy(target, logits, from_logits=True))

    def _harder(self, cosines: Any) -> Any:
        if not self.angle:
            return cosines - self.cosine
        sines = ops.sqrt(1.0 - ops.square(cosines))
        turned = cosines * math.cos(self.angle) - sines * math.sin(self.angle)
        beyond = cosines - self.angle * math.sin(self.angle)
        return ops.where(cosines > -math.cos(self.angle), turned, beyond) - self.cosine
