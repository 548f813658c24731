"""The worker's loop: take a run, train it, store its result, until nothing is left to do.

Every worker runs the same loop against the database, whoever started it: the driver on this machine, a
person on another one, a cluster. A run that lost its worker is taken first, then new trials while the budget
lasts, then the finalists.
"""

from __future__ import annotations

import threading

from automap.data.prepare import PreparedData
from automap.exceptions import StorageError, UserError
from automap.search import finalists, retention
from automap.search.judge import judge_epoch
from automap.search.lease import Lease
from automap.search.outcome import settle, tell_result
from automap.search.run_folder import RunFolder, run_folder_name
from automap.search.study import Study, live_trial
from automap.search.trials import next_run, recover
from automap.spec.candidate import Candidate
from automap.spec.draw import corners
from automap.store import results, runs
from automap.store.patience import patiently
from automap.store.result import Result
from automap.store.runs import Run
from automap.training.compiled import CompiledModels
from automap.training.preflight import preflight
from automap.training.trial import EpochReport, Interrupted, Verdict, run_trial

MAX_ATTEMPTS = 3
"""A run that took so many workers with it is marked failed."""

IDLE_SECONDS = 0.5


def work(study: Study, data: PreparedData, worker: str, stop: threading.Event) -> None:
    """Work on a study until its budget is spent and its finalists are trained, or until `stop` is set.

    Raises:
        StorageError: if the database or the run directory cannot be used any more; nothing done is lost.
    """
    compiled = CompiledModels()
    while not stop.is_set():
        run = patiently(lambda: next_run(study, worker), stop)
        if run is not None:
            execute(study, data, run, worker, stop, compiled)
        elif patiently(lambda: _others_train(study), stop):
            # One of them may die and leave its run, or the finalists may come.
            stop.wait(IDLE_SECONDS)
        elif not patiently(lambda: finalists.appoint(study), stop):
            return


def _others_train(study: Study) -> bool:
    return bool(runs.list_active(study.engine, study.id)) or recover(study)


def check_corners(study: Study, data: PreparedData) -> None:
    """Build every end of every range and every choice once, before the first trial of a study.

    Raises:
        UserError: if some of them cannot be built, with each one's reason.
    """
    if any(results.count_states(study.engine, study.id).values()):
        return
    found = preflight(corners(study.spec), data.info)
    if found.problems:
        listed = "\n  ".join(found.problems)
        raise UserError(f"the search space holds candidates that cannot be built:\n  {listed}")


def execute(
    study: Study, data: PreparedData, run: Run, worker: str, stop: threading.Event, compiled: CompiledModels
) -> None:
    """Train one run and store what it gave; leave it to others if it is interrupted or its lease is lost."""
    name = run_folder_name(run.kind, run.trial, run.seed)
    with Lease(study, run, worker) as lease:
        try:
            with RunFolder(study.spec, name) as folder:
                result = settle(study.spec, _train(study, data, run, folder, lease, stop, compiled))
            if not lease.lost:
                folder.publish()
        except Interrupted:
            patiently(lambda: runs.release(study.engine, run.id, worker))
            return
        except OSError as error:
            if not patiently(lambda: runs.release(study.engine, run.id, worker)):
                # Another worker has taken the run while this one was stopped, and its folder with it.
                return
            # The run is not to blame: it goes on from its checkpoint once there is room.
            place = study.spec.run_directory / name
            raise StorageError(f"{place}: {error.strerror}; make room, then run the same command again") from error
        if lease.lost or not patiently(lambda: results.finish(study.engine, run.id, worker, result)):
            return
    if run.kind == "search":
        patiently(lambda: tell_result(study, run.trial, result))
    patiently(lambda: _clean(study, run, name, result))


def _clean(study: Study, run: Run, name: str, result: Result) -> None:
    if result.state != "complete":
        retention.strip(study.spec, name)
    elif run.kind == "search":
        retention.sweep(study)


def _train(
    study: Study,
    data: PreparedData,
    run: Run,
    folder: RunFolder,
    lease: Lease,
    stop: threading.Event,
    compiled: CompiledModels,
) -> Result:
    if run.attempts > MAX_ATTEMPTS:
        reason = f"its worker died {run.attempts - 1} times; the last time: {run.last_death or 'no sign of life'}"
        return Result(state="failed", reason=reason)
    trial = patiently(lambda: live_trial(study, run.trial)) if run.kind == "search" else None

    def report(epoch: EpochReport) -> Verdict:
        folder.checkpointed()
        patiently(lambda: lease.report(epoch))
        if lease.lost or stop.is_set():
            return Verdict.INTERRUPT
        return Verdict.CONTINUE if trial is None else patiently(lambda: judge_epoch(study, trial, epoch))

    return run_trial(
        Candidate.model_validate(run.candidate),
        data,
        seed=run.seed,
        directory=folder.local,
        objective=study.spec.objectives[0],
        constraints=study.spec.constraints if run.kind == "search" else (),
        report=report,
        test=run.kind == "final",
        compiled=compiled,
    )
