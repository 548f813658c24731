"""Limiting the disk use of paused trials: the weakest lose their checkpoints and restart if they are resumed."""

from __future__ import annotations

import shutil

from automap.search.finishing import best_first
from automap.search.history import study_history
from automap.search.study import Study
from automap.store import measurements, run_files
from automap.store.files import run_folder_name
from automap.store.leases import paused_trials

MAX_BYTES = 2 * 10**9
MAX_SHARE = 0.05
"""Limits of the checkpoints of paused trials: bytes, and a share of the free disk space."""

DROPPED = "checkpoint lost"
"""Replaces the recorded decision to pause, so that lost checkpoints can be counted."""


def bound_checkpoints(study: Study, limit: int | None = None) -> list[int]:
    """Delete the checkpoints of the weakest paused trials if together they take too much space.

    Checkpoints in a remote run directory are not limited.

    Args:
        study: the study.
        limit: bytes; None for the default.

    Returns:
        The trials whose checkpoints were deleted.
    """
    directory = study.spec.run_directory
    if study.spec.remote_runs is not None or not directory.exists():
        return []
    seeds = study.spec.search.seed
    paused = paused_trials(study.store)
    folders = {trial: directory / run_folder_name("search", trial, seeds + trial) for trial in paused}
    sizes = {trial: sum(path.stat().st_size for path in folder.glob("*")) for trial, folder in folders.items()}
    bound = min(MAX_BYTES, round(MAX_SHARE * shutil.disk_usage(directory).free)) if limit is None else limit
    if sum(sizes.values()) <= bound:
        return []
    history = study_history(study)
    taken, dropped = 0, []
    for trial in best_first([each for each in history.trials if each.number in sizes], history):
        taken += sizes[trial.number]
        if taken > bound and run_files.has_weights(folders[trial.number]):
            run_files.delete_weights(folders[trial.number])
            measurements.record_decision(study.store, trial.number, trial.seen, DROPPED)
            dropped.append(trial.number)
    return dropped
