"""Estimate the disk space and memory of a search before it starts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from automap.data.prepare import PreparedData
from automap.spec.space import dump_space, largest_number
from automap.spec.spec import Spec

BYTES_A_WEIGHT = 4
STATES_A_WEIGHT = 5
"""A checkpoint holds the weights, their average, the best weights so far, and two optimizer moments."""
ACTIVATIONS_A_PIXEL = 600
"""Bytes of activations for each pixel of a training batch."""
KERAS_BYTES = 900_000_000
"""Resident memory of a worker that has imported Keras with TensorFlow and trained a small network."""


@dataclass(frozen=True)
class Estimate:
    """Bytes that a search will need."""

    cache: int
    """The decoded data set, shared by all searches on it."""
    artifacts: int
    """Largest total size of the study's weights and checkpoints at any time."""
    memory: int
    """Resident memory of one worker, roughly."""
    free: int
    """Free bytes on the disk of the run directory."""


def estimate(spec: Spec, data: PreparedData, largest: int, workers: int = 1) -> Estimate:
    """Estimate the disk space and memory of a search.

    Args:
        spec: the spec.
        data: its prepared data set.
        largest: parameters of the largest network of the search space.
        workers: number of workers that train at once.
    """
    weights = largest * BYTES_A_WEIGHT
    kept = max(1, spec.finalists.top) * (1 + spec.finalists.seeds) + 1
    height, width, _ = data.info.image.shape
    batch_size = int(largest_number(dump_space(spec.training.fields["batch_size"])))
    batch = height * width * batch_size * ACTIVATIONS_A_PIXEL
    return Estimate(
        cache=data.nbytes,
        artifacts=weights * (kept + STATES_A_WEIGHT * workers),
        memory=KERAS_BYTES + min(data.nbytes, 2**31) + batch + STATES_A_WEIGHT * weights,
        free=shutil.disk_usage(_existing(spec.run_directory)).free,
    )


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())
