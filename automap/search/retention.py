"""Bounded disk use: weights are kept for the best candidates and for what can still be resumed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from automap.search.finalists import best_results
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


def crown(study: Study, directory: Path, source: Path) -> Path:
    """Copy the winner's model to the folder ``winner`` of the run directory, in one step; return that folder."""
    target, fresh, old = directory / "winner", directory / f".winner-{os.getpid()}", directory / f".old-{os.getpid()}"
    shutil.copytree(source, fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target
