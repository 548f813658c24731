"""Samples that are stored with a model: validation images to verify exports, training images to calibrate int8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.sample import SplitName
from automap.store.atomic import write_atomically
from automap.store.files import SAMPLES_FILE
from automap.store.npz import read_arrays

if TYPE_CHECKING:
    from automap.data.prepare import PreparedData

MAX_VALIDATION, MAX_CALIBRATION = 256, 100
MAX_BYTES = 2**25
"""Number of images of each kind."""


class Samples(NamedTuple):
    """Decoded validation and training images of a model."""

    inputs: Mapping[str, Array]
    """Validation images by input, ``(count, …)``."""
    targets: Array
    """Validation targets, ``(count, …)``, as the cache stores them."""
    records: Array
    """Their indices in the data set, ``(count,)``."""
    total: int
    """Number of images in the validation split; larger than ``count`` if these are a random sample."""
    calibration: Mapping[str, Array]
    """Training images by input."""
    fingerprint: str
    """Fingerprint of the data set."""


def save_samples(directory: Path, data: PreparedData) -> None:
    """Write a fixed random sample of the validation and training split into a trial's folder."""
    chosen = _choose(data, "validation", MAX_VALIDATION)
    arrays = {f"input_{name}": values for name, values in data.inputs(chosen).items()}
    calibration = data.inputs(_choose(data, "train", MAX_CALIBRATION))
    arrays |= {f"calibration_{name}": values for name, values in calibration.items()}
    arrays |= {"targets": np.asarray(data.targets[chosen]), "records": chosen}
    arrays |= {"total": np.array(len(data.splits["validation"])), "fingerprint": np.array(data.fingerprint)}
    write_atomically(directory / SAMPLES_FILE, lambda file: np.savez(file, allow_pickle=False, **arrays))


def load_samples(source: Path | IO[bytes]) -> Samples:
    """Read the samples of a model.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is damaged.
    """
    arrays = read_arrays(source, "targets", "records", "total", "fingerprint")

    def named(prefix: str) -> dict[str, Array]:
        return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}

    return Samples(
        named("input_"),
        arrays["targets"],
        arrays["records"],
        int(arrays["total"]),
        named("calibration_"),
        str(arrays["fingerprint"]),
    )


def _choose(data: PreparedData, split: SplitName, most: int) -> Array:
    records = np.sort(data.splits[split])
    one = sum(int(values.nbytes) for values in data.inputs(records[:1]).values())
    count = max(1, min(most, len(records), MAX_BYTES // max(1, one)))
    return np.sort(np.random.default_rng(0).choice(records, count, replace=False))
