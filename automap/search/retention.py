"""Bounded disk use: weights are kept for the best candidates and for what can still be resumed.

Of every other run its small ``result.json`` stays, from which the leaderboard can be made again.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from automap.search.finalists import best_final, best_results
from automap.search.study import Study
from automap.spec.spec import Spec
from automap.store import remote, results
from automap.store.files import CARD_FILE, CHECKPOINT_FILE, NETWORK_FILE, RESULT_FILE, run_folder_name
from automap.store.result import Result

WINNER = "winner"


def keep_count(study: Study) -> int:
    """Return for how many of the best trials weights are kept."""
    return max(1, study.spec.finalists.top)


def delete_weights(study: Study) -> None:
    """Delete the weights and checkpoints of trials that are no longer among the best."""
    kept = {result.trial for result in best_results(study, keep_count(study))}
    for name in {folder for folder, file in _files(study.spec) if file != RESULT_FILE}:
        number = name.removeprefix("trial-")
        if not number.isdigit() or int(number) in kept:
            continue
        if results.find_result(study.store, int(number)) is not None:
            strip(study.spec, name)


def strip(spec: Spec, name: str) -> None:
    """Delete all files of a run but its result; another worker may be doing the same."""
    if spec.remote_runs is not None:
        url = remote.child(spec.remote_runs, name)
        remote.delete(url, [NETWORK_FILE, CARD_FILE, CHECKPOINT_FILE])
        return
    for path in (spec.run_directory / name).glob("*"):
        if path.name != RESULT_FILE:
            path.unlink(missing_ok=True)


def _files(spec: Spec) -> list[tuple[str, str]]:
    """Return folder and name of every file of every run."""
    if spec.remote_runs is not None:
        return remote.list_files(spec.remote_runs)
    return [(path.parent.name, path.name) for path in spec.run_directory.glob("trial-*/*")]


def read_result(spec: Spec, name: str) -> Result | None:
    """Return the result that a run has written; None if it has written none.

    Raises:
        ValueError: if it cannot be read.
    """
    if spec.remote_runs is not None:
        text = remote.read_text(remote.child(spec.remote_runs, name, RESULT_FILE))
    else:
        path = spec.run_directory / name / RESULT_FILE
        text = path.read_text(encoding="utf-8") if path.exists() else None
    return None if text is None else Result.model_validate(json.loads(text)["result"])


def publish_winner(study: Study) -> str | None:
    """Copy the winner's model to the folder ``winner`` of the run directory.

    On this machine it is exchanged in one step.

    Returns:
        That folder, or its URL; None if nothing was trained whose model could win.
    """
    final = best_final(study)
    best = final or next(iter(best_results(study, 1)), None)
    if best is None:
        return None
    spec, name = study.spec, run_folder_name(best.kind, best.trial, best.seed)
    if spec.remote_runs is not None:
        return _publish_remotely(spec.remote_runs, name, spec.run_directory / WINNER)
    target, source = spec.run_directory / WINNER, spec.run_directory / name
    if (source / NETWORK_FILE).exists():
        fresh = target.with_name(f".winner-{os.getpid()}")
        shutil.copytree(source, fresh, dirs_exist_ok=True)
        _put_in_place(fresh, target)
    return str(target) if target.exists() else None


def _publish_remotely(url: str, name: str, scratch: Path) -> str:
    target = remote.child(url, WINNER)
    remote.pull(remote.child(url, name), scratch)
    for file in (NETWORK_FILE, CARD_FILE, RESULT_FILE):
        if (scratch / file).exists():
            remote.push(scratch / file, target)
    shutil.rmtree(scratch, ignore_errors=True)
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
