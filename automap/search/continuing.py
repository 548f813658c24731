"""Continuing trials that a time budget has cut short, once there is more time."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from automap.search.budget import budget_use, finalist_count
from automap.search.finalists import best_results
from automap.search.study import Study, live_trial, optuna_errors
from automap.search.trials import register
from automap.spec.spec import Spec
from automap.store import remote, studies
from automap.store.files import DECAY_CHECKPOINT_FILE, run_folder_name
from automap.store.runs import CONTINUES


def continue_cut_short(study: Study) -> dict[int, int]:
    """Register trials that continue the best ones that were cut short, from the checkpoint before their final decay.

    A finished trial of Optuna cannot be reopened, so the continuation is a trial of its own with the same
    hyperparameters. Both are ranked, and the better one wins.

    Returns:
        The number of each new trial, by the number of the trial that it continues.
    """
    if budget_use(study).spent is not None:
        return {}
    with optuna_errors(study.engine):
        known = {trial.number: trial for trial in study.optuna.get_trials(deepcopy=False)}
    continued = {trial.user_attrs.get(CONTINUES) for trial in known.values()}
    started = {}
    for result in best_results(study, finalist_count(study)):
        wanted = result.result.cut_short and result.trial not in continued
        if wanted and _has_checkpoint(study.spec, result.trial) and studies.take_slot(study.store):
            number = _add(study, known[result.trial])
            register(study, live_trial(study, number), None)
            started[result.trial] = number
    return started


def continued_trial(study: Study, number: int) -> int | None:
    """Return the trial that a trial continues; None if it is a training of its own."""
    found = live_trial(study, number).user_attrs.get(CONTINUES)
    return None if found is None else int(found)


def _has_checkpoint(spec: Spec, trial: int) -> bool:
    name = run_folder_name("search", trial, 0)
    if spec.remote_runs is None:
        return (spec.run_directory / name / DECAY_CHECKPOINT_FILE).is_file()
    return (name, DECAY_CHECKPOINT_FILE) in remote.list_files(spec.remote_runs)


def _add(study: Study, trial: optuna.trial.FrozenTrial) -> int:
    """Add a running trial with the hyperparameters of another one and return its number."""
    with optuna_errors(study.engine):
        study.optuna.add_trial(
            optuna.create_trial(
                state=TrialState.RUNNING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs={CONTINUES: trial.number},
            )
        )
        trials = study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return max(each.number for each in trials if each.user_attrs.get(CONTINUES) == trial.number)
