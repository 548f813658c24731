"""Runs: one training of one candidate with one seed each, and which worker is at it.

A worker holds a run for as long as it beats. Taking, keeping and ending a run are each one conditional
UPDATE, so that of any number of workers that try at once exactly one succeeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import ColumnElement, Engine, Update, and_, case, func, insert, literal, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from automap.redaction import redact
from automap.store.clock import as_datetime, database_now
from automap.store.errors import require_integer
from automap.store.models import RunTable, StudyTable
from automap.store.study_store import StudyStore
from automap.store.transactions import changed_rows, reading, writing

RunKind = Literal["search", "final"]
RunState = Literal["waiting", "running", "done"]

LIVE_SECONDS = 15.0
"""A worker that has sent no heartbeat for longer is not counted as training: it sends one every five seconds."""


CLOCK_TOLERANCE = 1.0
"""Seconds by which a sign of life may be ahead of the database's clock."""


@dataclass(frozen=True)
class Run:
    """One training of one candidate with one seed, as the database knows it."""

    id: int
    study_id: int
    trial: int
    """Optuna's number of the trial."""
    kind: RunKind
    seed: int
    candidate: dict[str, Any]
    """In the spec's notation."""
    epochs: int
    state: RunState
    worker: str | None
    attempts: int
    """How many workers have started it, interruptions not counted."""
    last_death: str | None
    """How the last worker that died of it ended."""
    epoch: int
    """Epochs that are finished."""
    metric: float | None
    """The first objective after that epoch."""
    epoch_seconds: float | None
    """Duration of the last epoch."""
    started_at: datetime | None
    heartbeat_at: datetime | None


class NewRun(NamedTuple):
    """A run to be registered."""

    trial: int
    """Optuna's number of the trial."""
    kind: RunKind
    seed: int
    candidate: Mapping[str, Any]
    """In the spec's notation."""
    epochs: int


def start_run(store: StudyStore, new: NewRun, worker: str | None = None) -> Run:
    """Register a run; if another process has registered it already, return that one unchanged.

    Args:
        store: the study's records.
        new: the run.
        worker: who trains it from now on; None leaves it to the next worker that looks for work.
    """
    values = _new_run(store.id, new)
    if worker is not None:
        held = {"worker": worker, "heartbeat_at": database_now(), "started_at": database_now()}
        values |= {"state": "running", "attempts": 1, **held}
    try:
        with writing(store.engine) as session:
            session.execute(insert(RunTable).values(values))
    except IntegrityError:
        if find_run(store, new.trial, new.kind, new.seed) is None:
            raise
    return cast("Run", find_run(store, new.trial, new.kind, new.seed))


def find_run(store: StudyStore, trial: int, kind: RunKind = "search", seed: int | None = None) -> Run | None:
    """Return the run of a trial, with any seed if none is given; None if there is none."""
    query = select(RunTable).where(RunTable.study_id == store.id, RunTable.trial == trial, RunTable.kind == kind)
    if seed is not None:
        query = query.where(RunTable.seed == seed)
    with reading(store.engine) as session:
        row = session.scalars(query.order_by(RunTable.seed).limit(1)).first()
        return None if row is None else _run(row)


def list_runs(store: StudyStore) -> list[Run]:
    """Return all runs of a study, in the order of their registration."""
    query = select(RunTable).where(RunTable.study_id == store.id).order_by(RunTable.id)
    with reading(store.engine) as session:
        return [_run(row) for row in session.scalars(query)]


def list_active(store: StudyStore) -> list[Run]:
    """Return the runs that are not done: those in training first, then those that wait."""
    query = (
        select(RunTable)
        .where(RunTable.study_id == store.id, RunTable.state.in_(("running", "waiting")))
        .order_by(case((RunTable.state == "running", 0), else_=1), RunTable.id)
    )
    with reading(store.engine) as session:
        return [_run(row) for row in session.scalars(query)]


def count_running(store: StudyStore) -> int:
    """Return how many runs workers train now."""
    query = select(func.count()).where(RunTable.study_id == store.id, RunTable.state == "running")
    with reading(store.engine) as session:
        return session.scalar(query) or 0


def nothing_trained(store: StudyStore) -> bool:
    """Return whether no run of a study has finished an epoch, and no worker is at one."""
    alive = RunTable.heartbeat_at > database_now() - LIVE_SECONDS
    started = or_(
        RunTable.epoch > 0,
        RunTable.state.not_in(("waiting", "running")),
        and_(RunTable.state == "running", alive),
    )
    query = select(func.count()).where(RunTable.study_id == store.id, started)
    with reading(store.engine) as session:
        return not session.scalar(query)


def beat(
    engine: Engine,
    run_id: int,
    worker: str,
    *,
    epoch: int | None = None,
    metric: float | None = None,
    epoch_seconds: float | None = None,
) -> bool:
    """Say that a worker is alive and how far its run is.

    Args:
        engine: the database.
        run_id: the run.
        worker: who trains it.
        epoch: epochs that are finished.
        metric: the first objective after that epoch.
        epoch_seconds: duration of that epoch.

    Returns:
        False if the run is no longer the worker's: it must stop at once and store nothing.
    """
    given = {"epoch": epoch, "metric": metric, "epoch_seconds": epoch_seconds}
    known = {name: value for name, value in given.items() if value is not None and math.isfinite(value)}
    with writing(engine) as session:
        return changed_rows(session, _held(run_id, worker).values(heartbeat_at=database_now(), **known)) == 1


def claim_orphan(store: StudyStore, worker: str, grace_seconds: float, kind: RunKind | None = None) -> Run | None:
    """Take a run that waits, or whose worker gave no sign of life for longer than the grace period.

    A worker that looks for work trains nothing: a run that it holds already is one that the database gave it
    while the connection broke. It comes first, and is no new attempt.

    Args:
        store: the study's records.
        worker: who takes it.
        grace_seconds: the grace period.
        kind: of the run; None for any.

    Returns:
        The run, with the attempt counted; None if there is none to take.
    """
    _correct_future_heartbeats(store)
    orphaned = or_(_is_orphan(grace_seconds), _is_held_by(worker))
    query = select(RunTable.id).where(RunTable.study_id == store.id, orphaned)
    if kind is not None:
        query = query.where(RunTable.kind == kind)
    rank = case((_is_held_by(worker), 0), (RunTable.kind == "search", 1), else_=2)
    first = query.order_by(rank, RunTable.id).limit(1)
    while True:
        with reading(store.engine) as session:
            run_id = session.scalar(first)
        if run_id is None:
            return None
        with writing(store.engine) as session:
            if changed_rows(session, _claim(run_id, worker, orphaned, grace_seconds)) == 1:
                return _run(session.get_one(RunTable, run_id))


def _correct_future_heartbeats(store: StudyStore) -> None:
    """Count the silence of workers from now on whose last sign of life is in the future: the clock was set back."""
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
    """Give back a run that was interrupted; the attempt is not counted.

    Returns:
        False if the run was no longer the worker's.
    """
    with writing(engine) as session:
        waiting = {
            "state": "waiting",
            "worker": None,
            "heartbeat_at": None,
            "attempts": RunTable.attempts - 1,
        }
        return changed_rows(session, _held(run_id, worker).values(waiting)) == 1


def release_worker(engine: Engine, worker: str, reason: str, *, counted: bool = True) -> int:
    """Give back all runs of a worker whose process died.

    Args:
        engine: the database.
        worker: the worker.
        reason: how it ended, for the next one and for the user.
        counted: whether the attempt counts: the worker was not killed because somebody wanted to stop.

    Returns:
        How many runs wait for another worker now.
    """
    died = update(RunTable).where(RunTable.worker == worker, RunTable.state == "running")
    with writing(engine) as session:
        waiting: dict[str, Any] = {"state": "waiting", "worker": None, "heartbeat_at": None}
        if counted:
            waiting["last_death"] = plain_text(reason)
        else:
            waiting["attempts"] = RunTable.attempts - 1
        return changed_rows(session, died.values(waiting).execution_options(synchronize_session=False))


def add_runs(store: StudyStore, wanted: Iterable[NewRun]) -> int:
    """Register runs of finalists; those that are registered already stay as they are.

    Returns:
        How many were new.
    """
    with writing(store.engine) as session:
        known = _known_finals(session, store.id)
        new = [_new_run(store.id, run) for run in wanted if (run.trial, run.seed) not in known]
        if new:
            session.execute(insert(RunTable), new)
        return len(new)


def _known_finals(session: Session, study_id: int) -> set[tuple[int, int]]:
    # Two processes that appoint at once do so one after the other: this locks the study's row, and SQLite is
    # locked as a whole by then.
    session.execute(select(StudyTable.id).where(StudyTable.id == study_id).with_for_update())
    query = select(RunTable.trial, RunTable.seed).where(RunTable.study_id == study_id, RunTable.kind == "final")
    return {(trial, seed) for trial, seed in session.execute(query)}


def _new_run(study_id: int, new: NewRun) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "trial": new.trial,
        "kind": new.kind,
        "seed": new.seed,
        "candidate": dict(new.candidate),
        "epochs": new.epochs,
        "state": "waiting",
        "attempts": 0,
        "epoch": 0,
    }


def _is_orphan(grace_seconds: float) -> ColumnElement[bool]:
    silent = and_(RunTable.state == "running", RunTable.heartbeat_at < database_now() - grace_seconds)
    return or_(RunTable.state == "waiting", silent)


def _is_held_by(worker: str) -> ColumnElement[bool]:
    return and_(RunTable.state == "running", RunTable.worker == worker)


def _held(run_id: int, worker: str) -> Update:
    held = update(RunTable).where(RunTable.id == run_id, RunTable.worker == worker, RunTable.state == "running")
    return held.execution_options(synchronize_session=False)


def _claim(run_id: int, worker: str, orphaned: ColumnElement[bool], grace_seconds: float) -> Update:
    silence = literal("worker ") + RunTable.worker + literal(f" gave no sign of life for {grace_seconds:g} s")
    claim = update(RunTable).where(RunTable.id == run_id, orphaned)
    mine, running = _is_held_by(worker), RunTable.state == "running"
    return claim.ordered_values(
        # First: MySQL reads columns as the assignments further left have set them.
        (RunTable.attempts, case((mine, RunTable.attempts), else_=RunTable.attempts + 1)),
        (RunTable.last_death, case((and_(running, not_(mine)), silence), else_=RunTable.last_death)),
        (RunTable.state, "running"),
        (RunTable.worker, worker),
        (RunTable.heartbeat_at, database_now()),
        (RunTable.started_at, func.coalesce(RunTable.started_at, database_now())),
    ).execution_options(synchronize_session=False)


def plain_text(text: str) -> str:
    """Return a text that may be stored: without passwords, and without NUL, which PostgreSQL refuses."""
    return redact(text.replace("\0", ""))


def _run(row: RunTable) -> Run:
    return Run(
        id=row.id,
        study_id=row.study_id,
        trial=require_integer("trial", row.trial),
        kind=cast("RunKind", row.kind),
        seed=require_integer("seed", row.seed),
        candidate=row.candidate,
        epochs=row.epochs,
        state=cast("RunState", row.state),
        worker=row.worker,
        attempts=row.attempts,
        last_death=row.last_death,
        epoch=row.epoch,
        metric=row.metric,
        epoch_seconds=row.epoch_seconds,
        started_at=None if row.started_at is None else as_datetime(row.started_at),
        heartbeat_at=None if row.heartbeat_at is None else as_datetime(row.heartbeat_at),
    )
