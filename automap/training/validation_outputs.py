"""Raw outputs on the validation split, kept next to a trial's weights for ensembles and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from automap.interfaces.array import Array
from automap.store.atomic import write_atomically
from automap.store.files import VALIDATION_FILE
from automap.store.npz import read_arrays

if TYPE_CHECKING:
    from automap.data.prepare import PreparedData
    from automap.training.evaluate import Evaluated


class ValidationOutputs(NamedTuple):
    """Raw outputs of the kept weights for validation images."""

    outputs: Array
    """``(count, ...)``: float16 logits, or float32 standardised numbers."""
    records: Array
    """Index of each image in the data set, ``(count,)``."""
    total: int
    """Number of images in the validation split; larger than ``count`` if only a fixed random sample was kept."""


def save_validation_outputs(directory: Path, best: Evaluated, data: PreparedData) -> None:
    """Write the raw outputs of an evaluation into a trial's folder."""
    total = np.array(len(data.splits["validation"]))
    write_atomically(
        directory / VALIDATION_FILE,
        lambda file: np.savez(file, outputs=best.outputs, records=best.records, total=total),
    )


def load_validation_outputs(directory: Path) -> ValidationOutputs:
    """Read the raw outputs of a trial.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is damaged.
    """
    arrays = read_arrays(directory / VALIDATION_FILE, "outputs", "records", "total")
    return ValidationOutputs(arrays["outputs"], arrays["records"], int(arrays["total"]))
