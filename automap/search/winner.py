"""The folder ``winner`` of a run directory: the best model so far, which every command finds there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from automap.interfaces.metric import sign_of
from automap.search.finalists import best_final, best_results
from automap.search.study import Study
from automap.store import measurements, remote, results, run_files
from automap.store.files import MODEL_FILES, NETWORK_FILE, run_folder_name
from automap.store.results import ResultRow

WINNER = "winner"


def is_best_so_far(study: Study, value: float) -> bool:
    """Return whether no complete trial, and no trial at a rung, has a better value of the first objective.

    Args:
        study: the study.
        value: of a trial, which may be measured already.
    """
    objective = study.spec.objectives[0]
    complete = results.list_results(study.store, kind="search", states=("complete",), limit=1)
    known = [row.value for row in complete]
    known += [row.objectives.get(objective.metric) for row in measurements.list_measurements(study.store)]
    sign = sign_of(objective.direction)
    return all(sign * value <= sign * other for other in known if other is not None)


def publish_model(study: Study, save: Callable[[Path], None]) -> None:
    """Replace the published model by another one, in one step on this machine.

    Args:
        study: the study.
        save: writes the files of a model into an existing folder.
    """
    spec = study.spec
    with tempfile.TemporaryDirectory(prefix=f".{WINNER}-", dir=spec.run_directory) as scratch:
        save(Path(scratch))
        if spec.remote_runs is None:
            run_files.copy_files(Path(scratch), MODEL_FILES, spec.run_directory / WINNER)
        else:
            _push(Path(scratch), remote.child(spec.remote_runs, WINNER))


def winning_run(study: Study) -> ResultRow | None:
    """Return the study's winner: the best finalist, or the best trial if the time did not allow to train it again.

    A trial that is better than every finalist and has none of its own can come from time that was added later.
    """
    final, best = best_final(study), next(iter(best_results(study, 1)), None)
    if final is None or best is None or final.value is None or best.value is None or len(study.spec.objectives) > 1:
        return final or best
    finals = results.list_results(study.store, kind="final", states=("complete",))
    sign = sign_of(study.spec.objectives[0].direction)
    is_better = sign * best.value < sign * final.value
    return best if is_better and all(each.candidate != best.candidate for each in finals) else final


def publish_winner(study: Study) -> str | None:
    """Copy the winner's model to the folder ``winner`` of the run directory, atomically if that is local.

    Returns:
        That folder or its URL; None if no trial has completed.
    """
    best = winning_run(study)
    if best is None:
        return None
    spec, name = study.spec, run_folder_name(best.kind, best.trial, best.seed)
    if spec.remote_runs is not None:
        _copy_remotely(remote.child(spec.remote_runs, name), remote.child(spec.remote_runs, WINNER))
        return remote.child(spec.remote_runs, WINNER)
    target, source = spec.run_directory / WINNER, spec.run_directory / name
    run_files.require_real_folder(source)
    if (source / NETWORK_FILE).is_file():
        run_files.copy_files(source, MODEL_FILES, target)
    return str(target) if target.exists() else None


def _copy_remotely(source: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        remote.pull(source, Path(scratch))
        _push(Path(scratch), target)


def _push(folder: Path, url: str) -> None:
    for file in MODEL_FILES:
        if (folder / file).exists():
            remote.push(folder / file, url)
