"""Checkpoints: everything that a training needs to go on as if nothing had happened."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from automap.training.backend import as_numpy
from automap.training.model import TrainingModel

Weights = list[np.ndarray[Any, Any]]


@dataclass
class Progress:
    """What a training knows beside its variables."""

    curve: list[dict[str, float]] = field(default_factory=list)
    """One entry a finished epoch."""
    best_epoch: int = 0
    """The epoch with the best first objective so far, from 1; 0 before there is one."""
    best_weights: Weights = field(default_factory=list)
    """The network's weights after that epoch."""
    seconds: float = 0.0
    """Time spent in training, of all attempts."""

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.curve)


def save_checkpoint(path: Path, model: TrainingModel, progress: Progress) -> None:
    """Write a checkpoint under a temporary name and rename it: it is whole or not there.

    Args:
        path: the file.
        model: its variables, its optimizer's and its random generators' are saved.
        progress: how far it is.
    """
    arrays = {f"variable_{i}": as_numpy(value) for i, value in enumerate(_state(model))}
    arrays |= {f"best_{i}": value for i, value in enumerate(progress.best_weights)}
    about = {"curve": progress.curve, "best_epoch": progress.best_epoch, "seconds": progress.seconds}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path, model: TrainingModel) -> Progress:
    """Restore a model from a checkpoint and return how far it is; a fresh start if there is none.

    Raises:
        ValueError: if the checkpoint is of another model.
    """
    if not path.exists():
        return Progress()
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        state = _state(model)
        saved = [file[f"variable_{i}"] for i in range(sum(name.startswith("variable_") for name in file))]
        best = [file[f"best_{i}"] for i in range(sum(name.startswith("best_") for name in file))]
    if [value.shape for value in saved] != [tuple(variable.shape) for variable in state]:
        raise ValueError(f"{path} is the checkpoint of another model; delete it to start this trial afresh")
    for variable, value in zip(state, saved, strict=True):
        variable.assign(value)
    return Progress(about["curve"], about["best_epoch"], best, about["seconds"])


def _state(model: TrainingModel) -> Sequence[Any]:
    seen: set[int] = set()
    variables = [*model.variables, *model.optimizer.variables]
    return [variable for variable in variables if not (id(variable) in seen or seen.add(id(variable)))]  # type: ignore[func-returns-value]
