"""Bounded disk use: weights are kept for the best candidates and for what can still be resumed.

Of every other run its small ``result.json`` stays, from which the leaderboard can be made again.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from automap.search.finalists import best_final, best_results
from automap.search.study import Study
from automap.store import results
from automap.store.files import NETWORK_FILE, RESULT_FILE


def keep_count(study: Study) -> int:
    """Return for how many of the best trials weights are kept."""
    return max(1, study.spec.finalists.top)


def sweep(study: Study, directory: Path) -> None:
    """Delete the weights and checkpoints of trials that are no longer among the best.

    Args:
        study: the study.
        directory: its run directory.
    """
    kept = {result.trial for result in best_results(study, keep_count(study))}
    full = {path.parent for path in directory.glob("trial-*/*") if path.name != RESULT_FILE}
    for folder in full:
        number = int(folder.name.removeprefix("trial-"))
        if number not in kept and results.find_result(study.engine, study.id, number) is not None:
            strip(folder)


def strip(folder: Path) -> None:
    """Delete all files of a run but its result; another worker may be doing the same."""
    for path in folder.glob("*"):
        if path.name != RESULT_FILE:
            path.unlink(missing_ok=True)


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
    target, fresh = directory / "winner", directory / f".winner-{os.getpid()}"
    if not (source / NETWORK_FILE).exists():
        return target if target.exists() else None
    shutil.copytree(source, fresh, dirs_exist_ok=True)
    _put_in_place(fresh, target)
    return target


def _put_in_place(fresh: Path, target: Path) -> None:
    old = target.with_name(f".old-{os.getpid()}")
    while True:
        # A folder cannot take the place of another one in one step; who comes second tries again.
        with suppress(FileNotFoundError):
            target.rename(old)
        try:
            fresh.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        finally:
            shutil.rmtree(old, ignore_errors=True)


def run_folder_name(kind: str, trial: int, seed: int) -> str:
    """Return the name of a run's folder in the run directory."""
    return f"trial-{trial:05d}" if kind == "search" else f"final-{trial:05d}-seed-{seed}"
