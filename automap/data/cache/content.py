"""What a data set's pixels and targets are, apart from where its files lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from automap.interfaces.array import Array


def content_digest(
    building: Path, shape: tuple[int, ...], classes: Sequence[str], arrays: Mapping[str, Array], cells: str = ""
) -> str:
    """Return a digest of pixels, targets, groups and given splits: the same for a copy on another machine.

    Args:
        building: folder of the cache.
        shape: of a record.
        classes: class names.
        arrays: columns of the cache by name.
        cells: digest of the cells that are inputs; empty if there are none.
    """
    digest = hashlib.sha256(json.dumps([shape, classes]).encode())
    # Of targets that are pixels, the hashes stand for them.
    whole = building / "targets.npy"
    targets = np.load(whole if whole.exists() else building / "target_hashes.npy")
    for part in _as_before(targets):
        digest.update(part.tobytes())
    for name in ("hashes", "groups", "given"):
        digest.update(arrays[name].tobytes())
    digest.update(cells.encode())
    for shard in sorted(building.glob("further-*.npy")):
        digest.update(shard.read_bytes())
    return digest.hexdigest()


def _as_before(targets: Array) -> list[Array]:
    """Return what to digest of targets: numbers as float32, as earlier versions did, unless that merges some."""
    if targets.dtype != np.float64:
        return [targets]
    with np.errstate(over="ignore"):
        rounded = targets.astype(np.float32)
    distinct = (len(np.unique(values, axis=0)) for values in (rounded, targets))
    return [rounded] if len(set(distinct)) == 1 else [rounded, targets]
