"""Features of frozen backbones, kept beside the decoded records and shared by all workers of a machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
from filelock import FileLock

from automap.data.batches.batches import evaluation_batches
from automap.data.prepare import PreparedData
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE, SplitName
from automap.store.atomic import write_atomically
from automap.store.npz import read_arrays
from automap.training.heads.backbone import FrozenBackbone, FrozenBackbones
from automap.training.request import OutOfTime

MOST_BYTES = 2**31
"""Features that are kept for a data set; the oldest are deleted first."""
MOST_IMAGES = 20_000
"""Training images whose features are computed; of a larger split, a random sample."""
BATCH = 32
TIMED_BATCHES = 4
"""Batches after which the time of all of them is estimated."""

View = Callable[[Array], Array]


def split_records(data: PreparedData, split: SplitName) -> Array:
    """Return the records of a split whose features are computed, in ascending order."""
    records = np.asarray(data.splits[split])
    if split != "train" or len(records) <= MOST_IMAGES:
        return records
    return np.sort(np.random.default_rng(0).permutation(records)[:MOST_IMAGES])


class FeatureSource:
    """Computes the features of a data set once, or finds them in the cache.

    Args:
        data: the data set.
        backbone: gives the features.
        kept: keeps features in memory between trials.
        deadline: time by `time.monotonic` after which nothing may be computed any more; None for none.
    """

    def __init__(
        self, data: PreparedData, backbone: FrozenBackbone, kept: FrozenBackbones, deadline: float | None
    ) -> None:
        self._data, self._backbone, self._deadline = data, backbone, deadline
        self.kept = kept

    def features(
        self, split: SplitName, name: str = "", view: View | None = None, *, other_size: bool = False
    ) -> dict[str, Array]:
        """Return features averaged over the image, by stride as text: ``(images, channels)``, float32.

        Args:
            split: its images, in the order of `split_records`.
            name: of the view.
            view: changes the images first; None for the images as they are.
            other_size: whether to return the features of the images at another size.

        Raises:
            OutOfTime: if there is no time left to compute them.
        """
        path = self._path(split, name, other_size)
        self.kept.require(self._data.fingerprint)
        if path not in self.kept.features:
            with FileLock(self._data.path / f".{path.name}.lock"):
                images = len(split_records(self._data, split))
                self.kept.features[path] = _read(path, images) or self._compute(path, split, view, other_size)
        return self.kept.features[path]

    def _path(self, split: SplitName, name: str, other_size: bool) -> Path:
        parts = [self._backbone.key[:16], self._data.fingerprint[:16], split, "scaled" if other_size else "", name]
        return self._data.path / f"features-{'-'.join(filter(None, parts))}.npz"

    def _compute(self, path: Path, split: SplitName, view: View | None, other_size: bool) -> dict[str, Array]:
        network = self._backbone.pooled_of_other_size if other_size else self._backbone.pooled
        found = self._extract(network, split_records(self._data, split), view)
        _make_room(path.parent, sum(values.nbytes for values in found.values()))
        write_atomically(path, lambda file: np.savez(file, **found))  # type: ignore[arg-type]
        return found

    def _extract(self, network: keras.Model, records: Array, view: View | None) -> dict[str, Array]:
        parts: list[Mapping[str, Array]] = []
        size = min(BATCH, len(records))
        started = time.monotonic()
        for inputs, targets in evaluation_batches(self._data, records, size):
            if view is not None:
                inputs[IMAGE] = view(inputs[IMAGE])
            outputs = network.predict_on_batch(inputs)
            parts.append({name: np.asarray(values)[: len(targets)] for name, values in outputs.items()})
            if len(parts) == 1:
                # The first batch compiles.
                started = time.monotonic()
            self._require_time(started, len(parts), -(-len(records) // size))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _require_time(self, started: float, done: int, batches: int) -> None:
        if self._deadline is None or done < min(TIMED_BATCHES, batches):
            return
        now = time.monotonic()
        if now + (batches - done) * (now - started) / max(1, done - 1) > self._deadline:
            raise OutOfTime


def _read(path: Path, images: int) -> dict[str, Array] | None:
    """Return cached features; None if there are none or they are damaged."""
    try:
        found = read_arrays(path)
    except (OSError, ValueError):
        return None
    whole = all(values.ndim == 2 and len(values) == images and values.dtype.kind == "f" for values in found.values())
    return found if whole else None


def _make_room(folder: Path, size: int) -> None:
    files = {}
    for file in folder.glob("features-*.npz"):
        with suppress(FileNotFoundError):  # Another worker makes room, too.
            files[file] = file.stat()
    total = size + sum(found.st_size for found in files.values())
    for file, found in sorted(files.items(), key=lambda each: each[1].st_mtime):
        if total <= MOST_BYTES:
            return
        total -= found.st_size
        file.unlink(missing_ok=True)
