"""A Keras network with the score to explain, as explainers see it."""

from __future__ import annotations

from functools import cached_property

import keras
import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.sample import IMAGE
from automap.models.explain.gradients import Gradients
from automap.models.explain.scores import Question

BATCH = 16


class ExplainedNetwork:
    """Implements `automap.interfaces.explainer.Explained`.

    Args:
        network: the model's.
        question: what is explained.
        info: of the images.
    """

    def __init__(self, network: keras.Model, question: Question, info: ImageInfo) -> None:
        self._network, self._question = network, question
        mean = np.array(info.mean or (info.max_value / 2,) * info.shape[2], np.float32)
        self.blank: Array = np.broadcast_to(mean, info.shape).astype(np.float32)

    @cached_property
    def _gradients(self) -> Gradients:
        # Compiled when the first explainer asks: occlusion never does.
        return Gradients(self._network, self._question.score, BATCH)

    def scores(self, images: Array) -> Array:
        """Return the scores ``(batch,)``."""
        parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        outputs = [np.asarray(self._network.predict_on_batch({IMAGE: _padded(part)}))[: len(part)] for part in parts]
        return np.asarray(self._question.score(np.concatenate(outputs)))

    def image_gradients(self, images: Array) -> Array:
        """Return the gradients at the pixels."""
        parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        return np.concatenate([self._gradients(_padded(part))[0][: len(part)] for part in parts])

    def feature_gradients(self, images: Array) -> tuple[Array, Array]:
        """Return feature maps and the gradients there, of at most `BATCH` images."""
        _, features, gradients = self._gradients(_padded(images))
        return features[: len(images)], gradients[: len(images)]


def _padded(images: Array) -> Array:
    """Repeat the last image up to the batch size: another size would be compiled anew."""
    missing = BATCH - len(images)
    return np.concatenate([images, np.repeat(images[-1:], missing, axis=0)]) if missing else images
