"""Checkpoints: all that a training needs to go on, on another machine too, as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from automap.data.prepare import PreparedData
from automap.spec.candidate import Candidate
from automap.store.files import CHECKPOINT_FILE
from automap.training.model import TrainingModel

Weights = list[np.ndarray[Any, Any]]


@dataclass
class Progress:
    """What a training knows beside its variables."""

    curve: list[dict[str, float]] = field(default_factory=list)
    """One entry a finished epoch."""
    best_epoch: int = 0
    """The epoch whose weights are kept, from 1; 0 before there is one."""
    best_value: float | None = None
    """What was best about it."""
    cost: dict[str, float] = field(default_factory=dict)
    """What is known of the costs: measured once, even if the training goes on elsewhere."""
    notes: list[str] = field(default_factory=list)
    parts: int = 1
    """Into how many parts each batch is divided, because memory was not enough for it whole."""
    weights: Weights = field(default_factory=list)
    """The network's weights after the best epoch."""

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.curve)

    @property
    def seconds(self) -> float:
        """Time of all epochs, whichever process trained them."""
        return sum(point["seconds"] for point in self.curve)

    def keep(self, epoch: int, value: float, weights: Weights) -> None:
        """Remember the weights of the best epoch so far."""
        self.best_epoch, self.best_value, self.weights = epoch, value, weights

    def take(self, other: Progress | None) -> None:
        """Become as far as another one, if there is one."""
        if other is not None:
            self.__dict__.update(other.__dict__)


def identity_of(candidate: Candidate, data: PreparedData, seed: int) -> str:
    """Return what a checkpoint must agree with: the same candidate, data and seed give the same string."""
    parts = json.dumps([candidate.to_data(), data.fingerprint, seed], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def save_checkpoint(directory: Path, identity: str, model: TrainingModel, progress: Progress) -> None:
    """Write a checkpoint in one step: a process that is killed leaves the one before or this one.

    Args:
        directory: the trial's folder.
        identity: of what is trained.
        model: its variables, its random generators' and its optimizer's are saved.
        progress: how far it is.
    """
    about = {**asdict(progress), "weights": None, "identity": identity}
    arrays: dict[str, Any] = {f"variable_{index}": np.asarray(value) for index, value in enumerate(_values(model))}
    arrays |= {f"best_{index}": value for index, value in enumerate(progress.weights)}
    path = directory / CHECKPOINT_FILE
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def restore_checkpoint(directory: Path, identity: str, model: TrainingModel) -> Progress | None:
    """Put a checkpoint's values into a model and return how far it was; None if there is no checkpoint.

    One that is damaged or belongs to another training is not used; a note of the progress says so.
    """
    path = directory / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("about")))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        return Progress(notes=[f"started again: the checkpoint could not be read ({error})"])
    variables = model.state()
    values = [arrays.get(f"variable_{index}") for index in range(len(variables))]
    fits = all(
        value is not None and value.shape == tuple(variable.shape)
        for value, variable in zip(values, variables, strict=True)
    )
    if about.pop("identity") != identity or not fits:
        return Progress(notes=["started again: the checkpoint belonged to another training"])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    best = [arrays[f"best_{index}"] for index in range(len(arrays) - len(variables))]
    return Progress(**{**about, "weights": best})


def checkpointed_parts(directory: Path, identity: str) -> int:
    """Return into how many parts a training divides its batches that has left a checkpoint; 1 without one."""
    about = _read_about(directory / CHECKPOINT_FILE)
    return int(about["parts"]) if about is not None and about["identity"] == identity else 1


def _read_about(path: Path) -> dict[str, Any] | None:
    # Damage is told of when all of the file is read.
    try:
        with np.load(path, allow_pickle=False) as file:
            about: dict[str, Any] = json.loads(str(file["about"]))
            return about
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def discard_checkpoint(directory: Path) -> None:
    """Delete the checkpoint of a training that has ended."""
    (directory / CHECKPOINT_FILE).unlink(missing_ok=True)


def _values(model: TrainingModel) -> list[Any]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.state()]
