"""Checkpoints: everything that a training needs to resume on any machine as if it had not been interrupted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from automap.data.prepare import PreparedData
from automap.store.atomic import first_line, make_way, require_file, write_atomically
from automap.store.files import CHECKPOINT_FILE, DECAY_CHECKPOINT_FILE
from automap.training.model import TrainingModel
from automap.training.progress import Progress, dump_progress, load_progress
from automap.training.request import TrialRequest

Arrays = dict[str, np.ndarray[Any, Any]]


def identity_of(request: TrialRequest, data: PreparedData) -> str:
    """Return a string that identifies a training by candidate, data and seed; checkpoints must match it."""
    parts = json.dumps([request.candidate.to_data(), data.fingerprint, request.seed], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def save_checkpoint(path: Path, identity: str, model: TrainingModel, progress: Progress) -> None:
    """Write a checkpoint atomically: a killed process leaves either the previous one or this one.

    Args:
        path: the checkpoint file.
        identity: identity of the training.
        model: the model; all variables are saved, including those of the optimizer and of random generators.
        progress: progress of the training.
    """
    about = {**dump_progress(progress), "identity": identity}
    arrays: dict[str, Any] = {
        f"variable_{index}": keras.ops.convert_to_numpy(variable) for index, variable in enumerate(model.state())
    }
    arrays |= {f"best_{index}": value for index, value in enumerate(progress.weights)}
    write_atomically(path, lambda file: np.savez(file, about=np.array(json.dumps(about)), **arrays))


def restore_checkpoint(path: Path, identity: str, model: TrainingModel) -> Progress | None:
    """Load a checkpoint into a model and return its progress; None if there is no checkpoint.

    A checkpoint that is damaged or belongs to another training is ignored, with a note in the progress.
    """
    if not os.path.lexists(path):
        return None
    found = _read(path, lambda file: {name: file[name] for name in file.files})
    if isinstance(found, str):
        return Progress(notes=[f"restarted: the checkpoint could not be read ({found})"])
    arrays, about = found
    variables = model.state()
    values = [arrays.get(f"variable_{index}") for index in range(len(variables))]
    best = [arrays[f"best_{index}"] for index in range(len(arrays) - len(variables)) if f"best_{index}" in arrays]
    if about.pop("identity", None) != identity or not (_fit(values, variables) and _fit_best(best, model)):
        return Progress(notes=["restarted: the checkpoint belongs to another training"])
    try:
        progress = load_progress(about, best)
    except (ValueError, TypeError) as error:
        return Progress(notes=[f"restarted: the checkpoint could not be read ({first_line(error)})"])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress


def _fit(values: list[Any], variables: list[keras.Variable]) -> bool:
    return all(
        isinstance(value, np.ndarray) and value.shape == tuple(variable.shape) and value.dtype.kind in "fiub"
        for value, variable in zip(values, variables, strict=True)
    )


def _fit_best(best: list[Any], model: TrainingModel) -> bool:
    return not best or (len(best) == len(model.network.weights) and _fit(best, model.network.weights))


def checkpointed_parts(path: Path, identity: str) -> int:
    """Return the number of parts of a batch in the training that wrote the checkpoint; 1 without a checkpoint."""
    found = _read(path, lambda _: {})
    if isinstance(found, str) or found[1].get("identity") != identity:
        return 1
    return 2 if found[1].get("parts") == 2 else 1


def _read(path: Path, arrays_of: Callable[[Any], Arrays]) -> tuple[Arrays, dict[str, Any]] | str:
    """Return a checkpoint's arrays and description, or the reason why it cannot be read."""
    try:
        require_file(path)
        with np.load(path, allow_pickle=False) as file:
            arrays, about = arrays_of(file), json.loads(str(file["about"]))
        arrays.pop("about", None)
        if not isinstance(about, dict):
            raise ValueError("its description is not a mapping")
    except Exception as error:  # NumPy and zipfile raise arbitrary errors on damaged files.
        return first_line(error)
    return arrays, about


def discard_checkpoint(directory: Path) -> None:
    """Delete the checkpoint of a finished training."""
    make_way(directory / CHECKPOINT_FILE)
    (directory / CHECKPOINT_FILE).unlink(missing_ok=True)


def keep_decay_checkpoint(directory: Path) -> None:
    """Copy the current checkpoint, if any, so that a training that finishes early can be continued from it."""
    source = directory / CHECKPOINT_FILE
    if source.is_file():
        with source.open("rb") as file:
            write_atomically(directory / DECAY_CHECKPOINT_FILE, lambda copy: shutil.copyfileobj(file, copy))
