"""A trial that fits a head on the cached features of a frozen backbone, in milliseconds once they are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import cast

import keras
import numpy as np

from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.array import Array
from automap.interfaces.sample import SplitName
from automap.interfaces.scheduler import Evaluation
from automap.tasks.heads import PooledTask
from automap.training.evaluate import Evaluated, evaluated
from automap.training.heads.backbone import FrozenBackbone, FrozenBackbones
from automap.training.heads.cache import FeatureSource, View, split_records
from automap.training.heads.fit import FittedHead, HeadData, fit_head
from automap.training.heads.views import views_of
from automap.training.progress import Progress
from automap.training.request import TrialRequest

CHECKED_IMAGES = 8
"""Images whose outputs by the whole network are compared with those of the head."""
TOLERANCE = 1e-2
"""Between them, relative to the largest output."""


class HeadTrial:
    """Fits the head of one candidate.

    Args:
        request: what to train.
        data: the data set.
        progress: how far it is, kept up to date.
        frozen: the worker's frozen backbones.
    """

    def __init__(self, request: TrialRequest, data: PreparedData, progress: Progress, frozen: FrozenBackbones) -> None:
        self.request, self.data, self.progress = request, data, progress
        self._started = time.perf_counter()
        self.backbone: FrozenBackbone = frozen.open(request.candidate, data.info)
        self._source = FeatureSource(data, self.backbone, frozen, request.deadline)
        self._task = cast(PooledTask, request.candidate.task)
        self._loss = request.candidate.loss.build(data.info)
        progress.cost |= self.backbone.costs_with(request.candidate, data.info)

    def fit(self) -> FittedHead:
        """Fit the head on the training split; compute its features first where they are not cached."""
        self.request.on_phase("training")
        views = views_of(self.request.candidate.augmentation) or {}
        records = split_records(self.data, "train")
        if len(records) < len(self.data.splits["train"]):
            self.progress.notes.append(f"fitted on a random sample of {len(records):,} training images")
        found = head_data(self._source, self._task, self.data, views)
        return fit_head(self._task, found, self.request.seed)

    def evaluate(self, head: FittedHead, split: SplitName) -> Evaluated:
        """Compute the metrics of a split."""
        self.request.on_phase("evaluating")
        outputs = head.outputs(self._features(split)).astype(np.float32)
        return evaluated(self._task, self._loss, self.data, split, np.asarray(self.data.splits[split]), outputs)

    def note(self, found: Evaluated) -> Evaluation:
        """Add the only point of the learning curve and return what is reported."""
        progress, info = self.progress, self.data.info
        epochs = self.request.candidate.training.epochs
        images, seconds = epochs * info.train_size, time.perf_counter() - self._started
        progress.keep(found.metrics[self.request.watched[0]], [])
        progress.curve.append({"epoch": float(epochs), "images": images, "seconds": seconds, **found.metrics})
        return Evaluation(
            images=images,
            total_images=images,
            epoch=float(epochs),
            epochs=epochs,
            metrics=found.metrics,
            seconds=seconds,
            total_seconds=seconds,
            cost=dict(progress.cost),
        )

    def network(self, head: FittedHead) -> keras.Model:
        """Return the whole network, from raw images to raw outputs.

        Raises:
            TrainingError: if its outputs are not those of the head.
        """
        network = self.backbone.with_head(self.request.candidate, self.data.info, head)
        records = np.asarray(self.data.splits["validation"])[:CHECKED_IMAGES]
        found = np.asarray(network.predict_on_batch(self.data.inputs(records)))
        wanted = head.outputs(self._features("validation")[:CHECKED_IMAGES])
        if np.abs(found - wanted).max() > TOLERANCE * max(1.0, float(np.abs(wanted).max())):
            raise TrainingError("the assembled network and its head give different outputs")
        return network

    def _features(self, split: SplitName, name: str = "", view: Callable[[Array], Array] | None = None) -> Array:
        return chosen_features(self._source.features(split, name, view), self._task)


def chosen_features(by_stride: Mapping[str, Array], task: PooledTask) -> Array:
    """Return the features that a task's head sees, ``(images, channels)``."""
    strides = sorted(by_stride, key=int)
    return np.concatenate([by_stride[stride] for stride in (strides if task.features == "all" else strides[-1:])], 1)


def head_data(source: FeatureSource, task: PooledTask, data: PreparedData, views: Mapping[str, View]) -> HeadData:
    """Return what a task's head is fitted on: features and targets of the training split, and of other views of it."""
    by_view = [source.features("train"), *(source.features("train", name, view) for name, view in views.items())]
    kept, key = source.kept.head_data, (task.features == "all", tuple(views))
    if key not in kept:
        records = split_records(data, "train")
        prepared = task.prepare(data.batch_targets(records), data.info)
        targets = np.asarray(keras.ops.convert_to_numpy(task.loss_target(prepared)), np.float32)
        features = np.concatenate([chosen_features(each, task) for each in by_view])
        kept[key] = HeadData(features, np.concatenate([targets] * len(by_view)), len(records))
    return kept[key]
