"""Choosing what workers train next, and repairing a study after a worker's death."""

from __future__ import annotations

import time
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from automap.search.budget import budget_use, completions_wanted
from automap.search.evidence import Evidence
from automap.search.finishing import next_finisher
from automap.search.history import study_history
from automap.search.outcome import tell_result
from automap.search.proposals import learn_from_rungs
from automap.search.study import Study, live_trial, optuna_errors
from automap.spec.draw import draw
from automap.store import leases, lineage, results, runs, studies
from automap.store.runs import Run
from automap.store.weights import pinned

GRACE_SECONDS = 60.0
"""Seconds without a heartbeat after which another worker may take over a run."""

STRAY_SECONDS = 10.0
"""Seconds after which a trial that only Optuna knows was left by a worker that died."""

MOST_ATTEMPTS_AT_ONCE = 1
"""A run that was started more often than this waits until there is nothing else to do.

Workers that are killed one after another for a reason of their own, such as a node that is shut down, then do not
strike the same run each time, and it is not blamed for their deaths.
"""

SLOT_SECONDS = 3.0
"""Taking a trial from the budget and starting it are milliseconds apart as well."""


def next_run(study: Study, worker: str) -> Run | None:
    """Return the run that a free worker trains next; None if there is nothing to do.

    A run that has lost its worker comes first, then the paused trial that the scheduler promotes, then a new trial
    while the budget lasts. When no new trial may start, the best paused trials are finished until there
    are enough finalists. A run that has lost several workers comes last.
    """
    return (
        leases.claim_orphan(study.store, worker, GRACE_SECONDS, most_attempts=MOST_ATTEMPTS_AT_ONCE)
        or _next_trial(study, worker)
        or leases.claim_orphan(study.store, worker, GRACE_SECONDS)
    )


def _next_trial(study: Study, worker: str) -> Run | None:
    """Resume a paused trial or start a new one; None if there is none."""
    use = budget_use(study)
    if use.target_reached or use.time_is_over:
        return None
    closing = use.spent is not None or (use.time_to_close and use.trials > 0)
    paused = next_paused(study, closing=closing)
    if paused is not None:
        return leases.resume_paused(study.store, paused, worker)
    # With little time left, a new trial is still better than an idle worker.
    if use.spent is not None or not studies.take_slot(study.store):
        return None
    return start_trial(study, worker)


def next_paused(study: Study, *, closing: bool) -> int | None:
    """Return the paused trial to resume; None for none.

    Args:
        study: the study.
        closing: whether no new trial may start.
    """
    if not leases.paused_trials(study.store):
        return None
    history, scheduler = study_history(study), study.spec.search.scheduler
    if closing:
        return next_finisher(scheduler, history, completions_wanted(study, history))
    return scheduler.next_trial(history)


def sample_from_rungs(study: Study) -> None:
    """Let the study's sampler learn from the rungs of open trials and from earlier studies if it supports that."""
    sampler = study.spec.search.sampler
    evidence = [Evidence.model_validate(each) for each in lineage.get_evidence(study.store)]
    study.optuna.sampler = learn_from_rungs(study.optuna.sampler, sampler, lambda: study_history(study), evidence)


def start_trial(study: Study, worker: str) -> Run | None:
    """Ask Optuna for a new trial and register its run; None if the budget was used up in the meantime.

    A slow worker may lose the trial that it took from the budget to another worker. The surplus trial is put into
    Optuna's queue and is used if the budget is raised.
    """
    with optuna_errors(study.engine):
        trial = study.optuna.ask()
    if _is_surplus(study, trial.number):
        _put_back(study, trial)
        return None
    run = register(study, trial, worker)
    return run if run.worker == worker else None


def register(study: Study, trial: optuna.Trial, worker: str | None) -> Run:
    """Draw a trial's candidate and register its run.

    Args:
        study: the study.
        trial: Optuna's trial, new or left without a run by a worker that died.
        worker: the worker that trains it; None leaves it to the next free worker.
    """
    with optuna_errors(study.engine):
        candidate = draw(study.spec, trial)
    candidate = candidate.model_copy(update={"architecture": pinned(candidate.architecture)})
    seed = _seed_of(study, trial)
    new = runs.NewRun(trial.number, "search", seed, candidate.to_data(), candidate.training.epochs)
    return runs.start_run(study.store, new, worker)


def _seed_of(study: Study, trial: optuna.Trial) -> int:
    """Return the seed of a trial's run; a checkpoint is continued with its own seed only."""
    continued = runs.find_run(study.store, int(trial.user_attrs.get(runs.CONTINUES, -1)))
    return study.spec.search.seed + trial.number if continued is None else continued.seed


def recover(study: Study) -> bool:
    """Make Optuna's trials and automap's runs consistent after a worker died between two writes.

    Stored results are reported to Optuna, trials without a run get one, and trials that were taken from the budget
    but never started are returned to it.

    Returns:
        Whether there may soon be work again, so that workers should keep asking; paused trials do not count.
    """
    with optuna_errors(study.engine):
        running = study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    paused = leases.paused_trials(study.store)
    opened = [frozen for frozen in running if frozen.number not in paused]
    for frozen in opened:
        found = results.find_result(study.store, frozen.number)
        if found is not None:
            tell_result(study, frozen.number, found.result)
        elif runs.find_run(study.store, frozen.number) is None and _is_stray(frozen):
            trial = live_trial(study, frozen.number)
            if _is_surplus(study, frozen.number):
                _put_back(study, trial)
            else:
                register(study, trial, None)
    return bool(opened) or _slots_are_returned(study)


def _slots_are_returned(study: Study) -> bool:
    taken, started = _slots(study)
    if started >= taken:
        return False
    # Another worker may be about to start that trial.
    time.sleep(SLOT_SECONDS)
    if _slots(study) != (taken, started):
        return True
    return studies.correct_slots(study.store, taken=taken, started=started)


def _slots(study: Study) -> tuple[int, int]:
    """Return the number of trials taken from the budget, and the number of started trials."""
    with optuna_errors(study.engine):
        trials = study.optuna.get_trials(deepcopy=False)
    started = sum(trial.state != TrialState.WAITING for trial in trials)
    return studies.get_study(study.store).slots_taken, started


def _is_surplus(study: Study, number: int) -> bool:
    # Optuna numbers trials consecutively.
    budget = studies.get_study(study.store).trial_budget
    return budget is not None and number >= budget


def _put_back(study: Study, trial: optuna.Trial) -> None:
    with optuna_errors(study.engine):
        trial.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)


def _is_stray(trial: FrozenTrial) -> bool:
    # Asking and registering are milliseconds apart: a worker that takes longer is dead.
    started = trial.datetime_start
    return started is not None and (datetime.now() - started).total_seconds() > STRAY_SECONDS
