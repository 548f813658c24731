"""The worker's loop: take a run, train it, store its result, until nothing is left to do.

Every worker runs the same loop against the database, whoever started it: the driver on this machine, a
person on another one, a cluster. A run that lost its worker is taken first, then new trials while the budget
lasts, then the finalists.
"""

from __future__ import annotations

import threading

from automap.data.prepare import PreparedData
from automap.exceptions import ConnectionLost, StorageError, UserError
from automap.interfaces.scheduler import Decision, Evaluation
from automap.search import finalists, retention
from automap.search.decisions import decide
from automap.search.outcome import finalize, tell_result
from automap.search.study import Study
from automap.search.trials import next_run, recover
from automap.spec.candidate import Candidate
from automap.spec.draw import boundary_candidates
from automap.store import results, runs
from automap.store.files import run_folder_name
from automap.store.result import Result
from automap.store.retry import with_retries
from automap.store.runs import Run
from automap.training.preflight import preflight
from automap.training.request import TrialRequest
from automap.training.run_trial import Paused, run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.workers.identity import DeadWorkers
from automap.workers.lease import Lease
from automap.workers.run_folder import RunFolder

MAX_ATTEMPTS = 3
"""A run that took so many workers with it is marked failed."""

IDLE_SECONDS = 0.5


def work(study: Study, data: PreparedData, worker: str, stop: threading.Event) -> None:
    """Work on a study until its budget is spent and its finalists are trained, or until `stop` is set.

    Raises:
        StorageError: if the database or the run directory cannot be used any more; nothing done is lost.
    """
    compiled, dead = CompiledModels(), DeadWorkers()
    while not stop.is_set():
        with_retries(lambda: dead.release(study), stop)
        run = with_retries(lambda: next_run(study, worker), stop)
        if run is not None:
            execute(study, data, run, worker, stop, compiled)
        elif with_retries(lambda: _others_train(study), stop):
            # One of them may die and leave its run, or the finalists may come.
            stop.wait(IDLE_SECONDS)
        elif not with_retries(lambda: finalists.appoint(study), stop):
            return


def _others_train(study: Study) -> bool:
    return bool(runs.list_active(study.store)) or recover(study)


def check_boundary_candidates(study: Study, data: PreparedData) -> None:
    """Build every end of every range and every choice once, before the first trial of a study.

    Raises:
        UserError: if some of them cannot be built, with each one's reason.
    """
    if any(results.count_states(study.store).values()):
        return
    found = preflight(boundary_candidates(study.spec), data.info)
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
                result = finalize(study.spec, _train(study, data, run, folder, lease, stop, compiled))
            if not lease.lost:
                folder.publish()
        except Paused:
            with_retries(lambda: runs.release(study.engine, run.id, worker))
            return
        except ConnectionLost:
            raise
        except StorageError:
            # Damaged data, for instance: the run is not to blame.
            with_retries(lambda: runs.release(study.engine, run.id, worker))
            raise
        except OSError as error:
            if not with_retries(lambda: runs.release(study.engine, run.id, worker)):
                # Another worker has taken the run while this one was stopped, and its folder with it.
                return
            # The run is not to blame: it goes on from its checkpoint once there is room.
            place = study.spec.run_directory / name
            raise StorageError(f"{place}: {error.strerror}; make room, then run the same command again") from error
        if lease.lost or not with_retries(lambda: results.finish(study.engine, run.id, worker, result)):
            return
    if run.kind == "search":
        with_retries(lambda: tell_result(study, run.trial, result))
    with_retries(lambda: _clean(study, run, name, result))


def _clean(study: Study, run: Run, name: str, result: Result) -> None:
    if result.state != "complete":
        retention.strip(study.spec, name)
    elif run.kind == "search":
        retention.delete_weights(study)


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

    def report(epoch: Evaluation) -> Decision:
        folder.checkpointed()
        with_retries(lambda: lease.report(epoch))
        if lease.lost or stop.is_set():
            return Decision.PAUSE
        return Decision.CONTINUE if run.kind != "search" else with_retries(lambda: decide(study, run.trial, epoch))

    request = TrialRequest(
        candidate=Candidate.model_validate(run.candidate),
        seed=run.seed,
        directory=folder.local,
        objective=study.spec.objectives[0],
        constraints=study.spec.constraints if run.kind == "search" else (),
        test=run.kind == "final",
        on_phase=lease.note_phase,
    )
    return run_trial(request, data, report, compiled)
