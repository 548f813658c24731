"""The result of a trial: putting it together, and reading one that was written before."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from automap.spec.objectives import Constraint
from automap.store.atomic import first_line, make_way, require_file
from automap.store.result import Result, State
from automap.training import backend
from automap.training.measure import memory
from automap.training.progress import Progress


def violated(constraints: Sequence[Constraint], cost: dict[str, float]) -> str | None:
    """Describe the first constraint that a trial's costs violate; None if there is none."""
    for constraint in constraints:
        violation = constraint.violation(cost)
        if violation is not None and violation > 0:
            return constraint.describe(cost)
    return None


def peaks() -> dict[str, float]:
    """Return the peak memory of the process and the GPU, where they are known."""
    found = {"peak_memory_bytes": memory.peak_bytes(), "peak_gpu_memory_bytes": backend.gpu_peak_bytes()}
    return {name: float(value) for name, value in found.items() if value is not None}


def make_result(
    state: State, progress: Progress, *, reason: str | None = None, test: dict[str, float] | None = None
) -> Result:
    """Return the result of a trial in its present state."""
    notes = list(progress.notes)
    if state == "complete" and progress.best_point < len(progress.curve):
        notes.append(f"weights of epoch {progress.best_epoch:.3g} of {progress.epoch:.3g}")
    cost = {"train_seconds": progress.seconds, "epochs": float(progress.epoch), **progress.cost}
    return Result(
        state=state,
        reason=reason,
        validation=progress.best_metrics,
        test=test,
        cost=cost,
        curve=tuple(progress.curve),
        notes=tuple(notes),
    )


def read_result(path: Path, identity: str, progress: Progress) -> Result | None:
    """Return the trial's result; None if there is none, with a note in `progress` if it cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        require_file(path)
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["identity"] == identity:
            return Result.model_validate(stored["result"])
        progress.notes.append(f"restarted: {path.name} belongs to another training")
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        progress.notes.append(f"restarted: {path.name} could not be read ({first_line(error)})")
        make_way(path)
    return None
