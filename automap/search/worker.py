"""The worker's loop: take a run, train it, store its result, until nothing is left to do.

Every worker runs the same loop against the database, whoever started it: the driver on this machine, a
person on another one, a cluster. A run that lost its worker is taken first, then new trials while the budget
lasts, then the finalists.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from datetime import datetime
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from automap.data.prepare import PreparedData
from automap.search import finalists, retention
from automap.search.budget import search_is_open
from automap.search.lease import Lease
from automap.search.outcome import judge_epoch, settle, tell_result
from automap.search.study import Study, live_trial
from automap.spec.candidate import Candidate
from automap.spec.draw import draw
from automap.store import results, runs, studies
from automap.store.result import Result
from automap.store.runs import Run
from automap.training.trial import EpochReport, Interrupted, Verdict, run_trial

GRACE_SECONDS = 60.0
"""A run whose worker gave no sign of life for so long may be taken by another worker."""

MAX_ATTEMPTS = 3
"""A run that took so many workers with it is marked failed."""

IDLE_SECONDS = 0.5

STRAY_SECONDS = 10.0
"""A trial that Optuna knows and automap does not for so long was left by a worker that died."""


def worker_name() -> str:
    """Return a name for this process, unique among all machines that share a study."""
    return f"{socket.gethostname()}-{os.getpid()}-{int(time.time())}"


def work(study: Study, data: PreparedData, worker: str, stop: threading.Event) -> None:
    """Work on a study until its budget is spent and its finalists are trained, or until `stop` is set.

    Raises:
        StorageError: if the database or the run directory cannot be used any more; nothing done is lost.
    """
    while not stop.is_set():
        run = next_run(study, worker)
        if run is not None:
            execute(study, data, run, worker, stop)
        elif runs.list_active(study.engine, study.id) or recover(study):
            # Others still train: one of them may die and leave its run, or the finalists may come.
            stop.wait(IDLE_SECONDS)
        elif not finalists.appoint(study):
            return


def next_run(study: Study, worker: str) -> Run | None:
    """Take an orphaned run, or start a new trial while the budget lasts; None if neither is to be had."""
    orphan = runs.claim_orphan(study.engine, study.id, worker, GRACE_SECONDS)
    if orphan is not None or not search_is_open(study):
        return orphan
    if not studies.take_slot(study.engine, study.id):
        return None
    return start_trial(study, worker)


def start_trial(study: Study, worker: str) -> Run:
    """Ask Optuna for a new trial and register its run."""
    trial = study.optuna.ask()
    return register(study, trial, worker)


def register(study: Study, trial: optuna.Trial, worker: str | None) -> Run:
    """Draw a trial's candidate and register its run.

    Args:
        study: the study.
        trial: Optuna's trial, new or left unregistered by a worker that died.
        worker: who trains it; None leaves it to the next one that looks for work.
    """
    candidate = draw(study.spec, trial)
    return runs.start_run(
        study.engine,
        study.id,
        trial=trial.number,
        kind="search",
        seed=study.spec.search.seed + trial.number,
        candidate=candidate.to_data(),
        epochs=candidate.training.epochs,
        worker=worker,
    )


def recover(study: Study) -> bool:
    """Bring Optuna's trials and automap's runs together again after a worker died between two writes.

    A trial whose result is stored is told; a trial that has no run gets one.

    Returns:
        Whether something is still open, so that a worker should look again.
    """
    running = study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for frozen in running:
        found = results.find_result(study.engine, study.id, frozen.number)
        if found is not None:
            tell_result(study, frozen.number, found.result)
        elif runs.find_run(study.engine, study.id, frozen.number) is None and _is_stray(frozen):
            register(study, live_trial(study, frozen.number), None)
    return bool(running)


def _is_stray(trial: FrozenTrial) -> bool:
    # Between asking and registering lie milliseconds: a worker that needs longer is dead.
    started = trial.datetime_start
    return started is not None and (datetime.now() - started).total_seconds() > STRAY_SECONDS


def execute(study: Study, data: PreparedData, run: Run, worker: str, stop: threading.Event) -> None:
    """Train one run and store what it gave; leave it to others if it is interrupted or its lease is lost."""
    directory = run_folder(study, run)
    with Lease(study, run, worker) as lease:
        try:
            result = settle(study.spec, _train(study, data, run, directory, lease, stop))
        except Interrupted:
            runs.release(study.engine, run.id, worker)
            return
        if lease.lost or not results.finish(study.engine, run.id, worker, result):
            return
    if run.kind == "search":
        tell_result(study, run.trial, result)
    _clean(study, run, directory, result)


def _clean(study: Study, run: Run, directory: Path, result: Result) -> None:
    if result.state != "complete":
        shutil.rmtree(directory, ignore_errors=True)
    if run.kind == "search":
        retention.sweep(study, directory.parent)


def _train(
    study: Study, data: PreparedData, run: Run, directory: Path, lease: Lease, stop: threading.Event
) -> Result:
    if run.attempts > MAX_ATTEMPTS:
        reason = f"its worker died {run.attempts - 1} times; the last time: {run.last_death or 'no sign of life'}"
        return Result(state="failed", reason=reason)
    trial = live_trial(study, run.trial) if run.kind == "search" else None

    def report(epoch: EpochReport) -> Verdict:
        lease.report(epoch)
        if lease.lost or stop.is_set():
            return Verdict.INTERRUPT
        return Verdict.CONTINUE if trial is None else judge_epoch(study, trial, epoch)

    return run_trial(
        Candidate.model_validate(run.candidate),
        data,
        seed=run.seed,
        directory=directory,
        objective=study.spec.objectives[0],
        constraints=study.spec.constraints if run.kind == "search" else (),
        report=report,
        test=run.kind == "final",
    )


def run_folder(study: Study, run: Run) -> Path:
    """Return the folder of a run's artifacts."""
    name = f"trial-{run.trial:05d}" if run.kind == "search" else f"final-{run.trial:05d}-seed-{run.seed}"
    return Path(study.spec.run_directory) / name
