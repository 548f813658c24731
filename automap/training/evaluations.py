"""The evaluations of a trial, and the best weights among them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from automap.data.prepare import PreparedData
from automap.interfaces.array import Array
from automap.interfaces.metric import sign_of
from automap.interfaces.sample import SplitName
from automap.training.averaging import copied_weights, evaluation_weights
from automap.training.evaluate import Evaluated, early_sample, evaluate
from automap.training.model import TrainingModel
from automap.training.progress import Progress
from automap.training.request import TrialRequest


class Evaluations:
    """Evaluates a trial's network; if weights are averaged, the average.

    Args:
        request: names the metric whose best value is kept.
        data: the data set.
        model: the model in training.
        progress: the best weights are kept in it.
        batch_size: images in a batch.
    """

    def __init__(
        self, request: TrialRequest, data: PreparedData, model: TrainingModel, progress: Progress, batch_size: int
    ) -> None:
        self._request, self._data, self._model, self._progress = request, data, model, progress
        self._batch_size = batch_size
        self._best: Evaluated | None = None
        # Metrics that compare images with each other need all images of a class.
        self._may_sample = not request.candidate.task.unseen_classes

    def validate(self, images: int, *, whole: bool) -> Evaluated:
        """Evaluate on the validation split, and keep the weights if they are the best so far.

        Args:
            images: training images seen.
            whole: whether to use the whole split; if not, a fixed sample is used early in training.
        """
        everything = self._records("validation")
        records = everything if whole or not self._may_sample else early_sample(everything, images)
        with self._weights():
            found = evaluate(self._model, self._data, "validation", records, self._batch_size)
            if self._is_better(found):
                metric, _ = self._request.watched
                self._progress.keep(found.metrics[metric], copied_weights(self._model.network))
                self._best = found
        return found

    def is_sampled(self, found: Evaluated) -> bool:
        """Return whether an evaluation used only a sample of the validation split."""
        return found.count < len(self._records("validation"))

    def measure(self, images: int) -> float:
        """Return the seconds that an evaluation takes, measured on one batch.

        Args:
            images: training images seen.
        """
        records = self._records("validation")
        size = min(self._batch_size, len(records))
        evaluate(self._model, self._data, "validation", records[:size], size)
        started = time.perf_counter()
        with self._weights():
            prepared = time.perf_counter()
            evaluate(self._model, self._data, "validation", records[:size], size)
        per_image = (time.perf_counter() - prepared) / size
        return prepared - started + per_image * len(early_sample(records, images))

    def best(self) -> Evaluated:
        """Return the evaluation of the best weights, which the network has, on the whole validation split."""
        if self._best is None or self.is_sampled(self._best):
            self._best = self.of_split("validation")
        return self._best

    def of_split(self, split: SplitName) -> Evaluated:
        """Evaluate the network's present weights on a whole split."""
        return evaluate(self._model, self._data, split, self._records(split), self._batch_size)

    @contextmanager
    def _weights(self) -> Iterator[None]:
        model = self._model
        with evaluation_weights(model.network, model.optimizer, model.average) as averaged:
            if averaged:
                model.statistics.estimate(self._data, self._batch_size, jit=bool(model.jit_compile))
            yield

    def _is_better(self, found: Evaluated) -> bool:
        metric, direction = self._request.watched
        best, value = self._progress.best_value, found.metrics[metric]
        if best is None or found.count > self._best_count:
            # A value on a smaller sample is too noisy to be compared with one on more images.
            return True
        return sign_of(direction) * value < sign_of(direction) * best

    @property
    def _best_count(self) -> float:
        best = self._progress.curve[self._progress.best_point - 1]
        return best.get("validation_images", len(self._records("validation")))

    def _records(self, split: SplitName) -> Array:
        return np.asarray(self._data.splits[split])
