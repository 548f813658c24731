"""Bounded disk use: weights are kept for the best candidates and for what can still be resumed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from automap.search.finalists import best_final, best_results
from automap.search.study import Study
from automap.store import results


def keep_count(study: Study) -> int:
    """Return for how many of the best trials weights are kept."""
    return max(1, study.spec.finalists.top)


def sweep(study: Study, directory: Path) -> None:
    """Delete the weights of trials that are no longer among the best.

    Args:
        study: the study.
        directory: its run directory.
    """
    kept = {result.trial for result in best_results(study, keep_count(study))}
    for folder in directory.glob("trial-*"):
        number = int(folder.name.removeprefix("trial-"))
        if number not in kept and results.find_result(study.engine, study.id, number) is not None:
            # Another worker may be deleting the same folder.
            shutil.rmtree(folder, ignore_errors=True)


def crown(study: Study) -> Path | None:
    """Copy the winner's model to the folder ``winner`` of the run directory, in one step.

    Returns:
        That folder; None if nothing was trained whose model could win.
    """
    final = best_final(study)
    best = final or next(iter(best_results(study, 1)), None)
    if best is None:
        return None
    directory = Path(study.spec.run_directory)
    source = directory / run_folder_name(best.kind, best.trial, best.seed)
    target, fresh, old = (
        directory / "winner",
        directory / f".winner-{os.getpid()}",
        directory / f".old-{os.getpid()}",
    )
    if not source.exists():
        return target if target.exists() else None
    shutil.copytree(source, fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def run_folder_name(kind: str, trial: int, seed: int) -> str:
    """Return the name of a run's folder in the run directory."""
    return f"trial-{trial:05d}" if kind == "search" else f"final-{trial:05d}-seed-{seed}"
