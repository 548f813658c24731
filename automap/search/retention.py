"""Limiting disk use: weights are kept for the best trials and for those that can be resumed.

Every other run keeps only its small ``result.json``, from which the leaderboard can be rebuilt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from automap.interfaces.metric import sign_of
from automap.search.finalists import best_results
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.spec.spec import Spec
from automap.store import remote, results, run_files
from automap.store.files import RESULT_FILE, WEIGHT_FILES
from automap.store.result import Result

_TRIAL_FOLDER = re.compile(r"trial-([0-9]{5,18})")


def keep_count(study: Study) -> int:
    """Return the number of best trials whose weights are kept."""
    return max(1, study.spec.finalists.top)


def would_be_kept(study: Study, metrics: Mapping[str, float], cost: Mapping[str, float]) -> bool:
    """Return whether the weights of a trial that completes now would be kept.

    Args:
        study: the study.
        metrics: of the trial, on the validation split.
        cost: of the trial.
    """
    best = best_results(study, keep_count(study))
    if len(study.spec.objectives) > 1 or len(best) < keep_count(study):
        return True
    objective = study.spec.objectives[0]
    value, last = objective_value(objective, dict(metrics), dict(cost)), best[-1].value
    sign = sign_of(objective.direction)
    return value is None or last is None or sign * value <= sign * last


def delete_weights(study: Study) -> None:
    """Delete the weights and checkpoints of trials that are no longer among the best."""
    kept = {result.trial for result in best_results(study, keep_count(study))}
    for name in _folders_with_weights(study.spec):
        found = _TRIAL_FOLDER.fullmatch(name)
        if found is None or (trial := int(found[1])) in kept:
            continue
        if results.find_result(study.store, trial) is not None:
            strip(study.spec, name)


def strip(spec: Spec, name: str) -> None:
    """Delete the weights and checkpoints of a run; another worker may be doing the same."""
    if spec.remote_runs is not None:
        remote.delete(remote.child(spec.remote_runs, name), list(WEIGHT_FILES))
    else:
        run_files.delete_weights(spec.run_directory / name)


def _folders_with_weights(spec: Spec) -> list[str]:
    if spec.remote_runs is not None:
        return sorted({folder for folder, file in remote.list_files(spec.remote_runs) if file in WEIGHT_FILES})
    return [folder.name for folder in run_files.run_folders(spec.run_directory) if run_files.has_weights(folder)]


def read_result(spec: Spec, name: str) -> Result | None:
    """Return the result that a run has written; None if there is none.

    Raises:
        ValueError: if it cannot be read.
    """
    if spec.remote_runs is not None:
        text = remote.read_text(remote.child(spec.remote_runs, name, RESULT_FILE))
    else:
        path = spec.run_directory / name / RESULT_FILE
        text = path.read_text(encoding="utf-8") if path.is_file() else None
    return None if text is None else Result.model_validate(json.loads(text)["result"])
