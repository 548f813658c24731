"""Limiting the disk use of paused trials: the weakest lose their checkpoints and restart if they are resumed."""

from __future__ import annotations

import shutil
from pathlib import Path

from automap.search.finishing import best_first
from automap.search.history import study_history
from automap.search.retention import strip
from automap.search.study import Study
from automap.spec.spec import Spec
from automap.store import measurements, remote, run_files
from automap.store.files import run_folder_name
from automap.store.leases import paused_trials

MAX_BYTES = 2 * 10**9
MAX_SHARE = 0.05
"""Limits of the checkpoints of paused trials: bytes, and a share of the free disk space where that is known."""

DROPPED = "checkpoint lost"
"""Replaces the recorded decision to pause, so that lost checkpoints can be counted."""

_FILE_URL = "file://"


def bound_checkpoints(study: Study, limit: int | None = None) -> list[int]:
    """Delete the checkpoints of the weakest paused trials if together they take too much space.

    Args:
        study: the study.
        limit: bytes; None for the default.

    Returns:
        The trials whose checkpoints were deleted.
    """
    names = {trial: run_folder_name("search", trial, 0) for trial in paused_trials(study.store)}
    known = _folder_sizes(study.spec, list(names.values()))
    sizes = {trial: known[name] for trial, name in names.items() if known.get(name)}
    bound = _default_limit(study.spec) if limit is None else limit
    if sum(sizes.values()) <= bound:
        return []
    history = study_history(study)
    taken, dropped = 0, []
    for trial in best_first([each for each in history.trials if each.number in sizes], history):
        taken += sizes[trial.number]
        if taken > bound:
            strip(study.spec, names[trial.number])
            measurements.record_decision(study.store, trial.number, trial.seen, DROPPED)
            dropped.append(trial.number)
    return dropped


def lost_checkpoints(study: Study) -> int:
    """Return the number of paused trials that have lost their checkpoints and restart if they are resumed."""
    lost = {row.trial for row in measurements.list_measurements(study.store) if row.decision == DROPPED}
    return len(lost & set(paused_trials(study.store)))


def _folder_sizes(spec: Spec, names: list[str]) -> dict[str, int]:
    """Return the bytes of the weights and checkpoints in some run folders by their name."""
    if spec.remote_runs is not None:
        return remote.folder_sizes(spec.remote_runs)
    folders = {name: spec.run_directory / name for name in names}
    return {
        name: sum(path.stat().st_size for path in folder.glob("*"))
        for name, folder in folders.items()
        if run_files.has_weights(folder)
    }


def _default_limit(spec: Spec) -> int:
    """Return the largest total size of the checkpoints of paused trials in bytes."""
    place = spec.run_directory
    if spec.remote_runs is not None:
        if not spec.remote_runs.startswith(_FILE_URL):
            return MAX_BYTES
        place = Path(spec.remote_runs.removeprefix(_FILE_URL))
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    return min(MAX_BYTES, round(MAX_SHARE * shutil.disk_usage(existing).free))
