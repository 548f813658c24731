"""A trial that fits a head on the cached features of a frozen backbone, in milliseconds once they are there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from automap.training.request import OutOfTime, TrialRequest

CHECKED_IMAGES = 8
"""Images whose outputs by the whole network are compared with those of the head."""
ALL = ("all", "scales")
"""Values of `PooledTask.features` with which the head sees features of every stride."""
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
        if found.views < len(views):
            self.progress.notes.append(f"fitted on {found.views} of {len(views)} mirrored copies: out of time for more")
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

    def _features(self, split: SplitName) -> Array:
        return chosen_features(self._source, self._task, split)


def chosen_features(
    source: FeatureSource, task: PooledTask, split: SplitName, name: str = "", view: View | None = None
) -> Array:
    """Return the features that a task's head sees, ``(images, channels)``.

    Args:
        source: computes them or finds them in the cache.
        task: says which.
        split: the split.
        name: of the view.
        view: changes the images first; None for the images as they are.
    """
    by_stride = source.features(split, name, view)
    if task.features == "scales":
        by_stride = {**by_stride, **source.features(split, name, view, other_size=True)}
    strides = sorted(by_stride, key=int)
    return np.concatenate([by_stride[each] for each in (strides if task.features in ALL else strides[-1:])], 1)


def head_data(
    source: FeatureSource,
    task: PooledTask,
    data: PreparedData,
    views: Mapping[str, View],
    splits: Sequence[SplitName] = ("train",),
) -> HeadData:
    """Return what a task's head is fitted on: features and targets of some images, and of other views of them.

    Views that there is no time to compute are left out; `HeadData.views` counts the others.

    Args:
        source: computes the features.
        task: says which.
        data: the data set.
        views: changes of the images, by name.
        splits: of the images.

    Raises:
        OutOfTime: if there is no time for the images themselves.
    """

    def features_of(name: str, view: View | None) -> Array:
        return np.concatenate([chosen_features(source, task, split, name, view) for split in splits])

    by_view = {"": features_of("", None)}
    with suppress(OutOfTime):
        for name, view in views.items():
            by_view[name] = features_of(name, view)
    kept, key = source.kept.head_data, (task.features, tuple(by_view), tuple(splits))
    if key not in kept:
        records = np.concatenate([split_records(data, split) for split in splits])
        prepared = task.prepare(data.batch_targets(records), data.info)
        targets = np.asarray(keras.ops.convert_to_numpy(task.loss_target(prepared)), np.float32)
        features = np.concatenate(list(by_view.values()))
        kept[key] = HeadData(features, np.concatenate([targets] * len(by_view)), len(records))
    return kept[key]
