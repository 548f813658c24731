"""Head first and then all: the head that fine-tuning starts from."""

from __future__ import annotations

from collections.abc import Mapping

from automap.data.prepare import PreparedData
from automap.interfaces.array import Array
from automap.store.files import CHECKPOINT_FILE
from automap.tasks.heads import PooledTask
from automap.training.heads.backbone import FrozenBackbones
from automap.training.heads.cache import MOST_IMAGES, FeatureSource
from automap.training.heads.fit import fit_head
from automap.training.heads.trial import head_data
from automap.training.progress import Progress
from automap.training.request import OutOfTime, TrialRequest


def fitted_start(
    request: TrialRequest, data: PreparedData, progress: Progress, frozen: FrozenBackbones
) -> Mapping[str, list[Array]] | None:
    """Return the weights of a head fitted on the pretrained features, by layer; None where there is none to fit.

    A random head would change the pretrained layers before it has learned anything (Kumar et al., 2022,
    arXiv:2202.10054). The features come from the cache of head trials. Training splits of more than `MOST_IMAGES`
    images start from a random head, which learns soon enough there.
    """
    candidate = request.candidate
    task = candidate.task
    if candidate.architecture.pretrained == "none" or not isinstance(task, PooledTask):
        return None
    if task.head == "knn" or candidate.fusion is not None:
        return None
    if data.info.train_size > MOST_IMAGES or (request.directory / CHECKPOINT_FILE).exists():
        return None
    backbone = frozen.open(candidate, data.info)
    try:
        source = FeatureSource(data, backbone, frozen, request.deadline)
        if task.features == "scales":
            # In fine-tuning the head sees the images at their own size only.
            task = task.replace(features="all")
        found = head_data(source, task, data, {})
    except OutOfTime:
        progress.notes.append("the head started from random weights: there was no time to fit it first")
        return None
    return fit_head(task, found, request.seed).layers
