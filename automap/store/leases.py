"""Which worker trains a run.

A worker holds a run for as long as it sends heartbeats. Taking, keeping and giving back a run are each one conditional
UPDATE, so that of any number of workers that try at once exactly one succeeds.
"""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import ColumnElement, Engine, Update, and_, case, func, literal, not_, or_, select, update

from automap.store.clock import database_now
from automap.store.models import RunTable
from automap.store.runs import Run, RunKind, find_run, plain_text, read_run
from automap.store.study_store import StudyStore
from automap.store.transactions import changed_rows, reading, writing

CLOCK_TOLERANCE = 1.0
"""Seconds by which a heartbeat may be ahead of the database's clock."""


def beat(
    engine: Engine,
    run_id: int,
    worker: str,
    *,
    epoch: int | None = None,
    metric: float | None = None,
    epoch_seconds: float | None = None,
) -> bool:
    """Record that a worker is alive, and the progress of its run.

    Args:
        engine: the database.
        run_id: the run.
        worker: the worker that trains it.
        epoch: number of finished epochs.
        metric: the first objective after that epoch.
        epoch_seconds: duration of that epoch.

    Returns:
        False if the worker no longer holds the run: it must stop at once and store nothing.
    """
    given = {"epoch": epoch, "metric": metric, "epoch_seconds": epoch_seconds}
    known = {name: value for name, value in given.items() if value is not None and math.isfinite(value)}
    with writing(engine) as session:
        return changed_rows(session, _held(run_id, worker).values(heartbeat_at=database_now(), **known)) == 1


def claim_orphan(
    store: StudyStore,
    worker: str,
    grace_seconds: float,
    kind: RunKind | None = None,
    most_attempts: int | None = None,
) -> Run | None:
    """Claim a run that is waiting, or whose worker has sent no heartbeat within the grace period.

    A worker that looks for work is not training: a run that it already holds was given to it while its connection
    broke. Such a run comes first and does not count as a new attempt.

    Args:
        store: the study's records.
        worker: the worker that claims it.
        grace_seconds: the grace period.
        kind: only runs of this kind; None for any.
        most_attempts: only runs that were started at most this often; None for any.

    Returns:
        The run, with the attempt counted; None if there is none to claim.
    """
    _correct_future_heartbeats(store)
    orphaned = or_(_is_orphan(grace_seconds), _is_held_by(worker))
    query = select(RunTable.id).where(RunTable.study_id == store.id, orphaned)
    if kind is not None:
        query = query.where(RunTable.kind == kind)
    if most_attempts is not None:
        query = query.where(or_(_is_held_by(worker), RunTable.attempts <= most_attempts))
    rank = case((_is_held_by(worker), 0), (RunTable.kind == "search", 1), else_=2)
    first = query.order_by(rank, RunTable.id).limit(1)
    while True:
        with reading(store.engine) as session:
            run_id = session.scalar(first)
        if run_id is None:
            return None
        with writing(store.engine) as session:
            if changed_rows(session, _claim(run_id, worker, orphaned, grace_seconds)) == 1:
                return read_run(session.get_one(RunTable, run_id))


def _correct_future_heartbeats(store: StudyStore) -> None:
    """Set heartbeats that lie in the future to now: the clock was set back."""
    future = (
        RunTable.study_id == store.id,
        RunTable.state == "running",
        RunTable.heartbeat_at > database_now() + CLOCK_TOLERANCE,
    )
    with reading(store.engine) as session:
        found = session.scalar(select(func.count()).where(*future))
    if found:
        with writing(store.engine) as session:
            corrected = update(RunTable).where(*future).values(heartbeat_at=database_now())
            session.execute(corrected.execution_options(synchronize_session=False))


def release(engine: Engine, run_id: int, worker: str) -> bool:
    """Release a run that was interrupted; the attempt does not count.

    Returns:
        False if the worker no longer held the run.
    """
    with writing(engine) as session:
        waiting = {
            "state": "waiting",
            "worker": None,
            "heartbeat_at": None,
            "attempts": RunTable.attempts - 1,
        }
        return changed_rows(session, _held(run_id, worker).values(waiting)) == 1


def pause(engine: Engine, run_id: int, worker: str) -> bool:
    """Give back a run that the scheduler has paused: no worker takes it before it is resumed.

    Returns:
        False if the run was no longer the worker's.
    """
    paused = {"state": "paused", "worker": None, "heartbeat_at": None, "attempts": RunTable.attempts - 1}
    with writing(engine) as session:
        return changed_rows(session, _held(run_id, worker).values(paused)) == 1


def paused_trials(store: StudyStore) -> set[int]:
    """Return the trials whose runs are paused."""
    query = select(RunTable.trial).where(RunTable.study_id == store.id, RunTable.state == "paused")
    with reading(store.engine) as session:
        return set(session.scalars(query))


def resume_paused(store: StudyStore, trial: int, worker: str) -> Run | None:
    """Take the paused run of a trial; None if another worker has taken it.

    Args:
        store: the study's records.
        trial: the trial's number.
        worker: who trains it from now on.
    """
    is_paused = (RunTable.study_id == store.id, RunTable.trial == trial, RunTable.state == "paused")
    held = {
        "state": "running",
        "worker": worker,
        "heartbeat_at": database_now(),
        "attempts": RunTable.attempts + 1,
    }
    claim = update(RunTable).where(*is_paused).values(held).execution_options(synchronize_session=False)
    with writing(store.engine) as session:
        if changed_rows(session, claim) != 1:
            return None
    return find_run(store, trial)


def release_worker(engine: Engine, worker: str, reason: str, *, counted: bool = True) -> int:
    """Release all runs of a worker whose process died.

    Args:
        engine: the database.
        worker: the worker.
        reason: how it died, for users.
        counted: whether the attempt counts; it does not if the worker was killed on request.

    Returns:
        The number of released runs.
    """
    died = update(RunTable).where(RunTable.worker == worker, RunTable.state == "running")
    with writing(engine) as session:
        waiting: dict[str, Any] = {"state": "waiting", "worker": None, "heartbeat_at": None}
        if counted:
            waiting["last_death"] = plain_text(reason)
        else:
            waiting["attempts"] = RunTable.attempts - 1
        return changed_rows(session, died.values(waiting).execution_options(synchronize_session=False))


def _is_orphan(grace_seconds: float) -> ColumnElement[bool]:
    silent = and_(RunTable.state == "running", RunTable.heartbeat_at < database_now() - grace_seconds)
    return or_(RunTable.state == "waiting", silent)


def _is_held_by(worker: str) -> ColumnElement[bool]:
    return and_(RunTable.state == "running", RunTable.worker == worker)


def _held(run_id: int, worker: str) -> Update:
    held = update(RunTable).where(RunTable.id == run_id, RunTable.worker == worker, RunTable.state == "running")
    return held.execution_options(synchronize_session=False)


def _claim(run_id: int, worker: str, orphaned: ColumnElement[bool], grace_seconds: float) -> Update:
    silence = literal("worker ") + RunTable.worker + literal(f" sent no heartbeat for {grace_seconds:g} s")
    claim = update(RunTable).where(RunTable.id == run_id, orphaned)
    mine, running = _is_held_by(worker), RunTable.state == "running"
    return claim.ordered_values(
        # First: in MySQL, an assignment sees the values that earlier ones have set.
        (RunTable.attempts, case((mine, RunTable.attempts), else_=RunTable.attempts + 1)),
        (RunTable.last_death, case((and_(running, not_(mine)), silence), else_=RunTable.last_death)),
        (RunTable.state, "running"),
        (RunTable.worker, worker),
        (RunTable.heartbeat_at, database_now()),
        (RunTable.started_at, func.coalesce(RunTable.started_at, database_now())),
    ).execution_options(synchronize_session=False)
