"""Runs: each is one training of one candidate with one seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import and_, case, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from automap.redaction import redact
from automap.store.clock import as_datetime, database_now
from automap.store.errors import require_integer, require_mapping
from automap.store.models import RunTable, StudyTable
from automap.store.study_store import StudyStore
from automap.store.transactions import reading, writing

CONTINUES = "continues"
"""Attribute of an Optuna trial that continues a trial which was cut short: that trial's number."""

RunKind = Literal["search", "final", "ensemble", "trained", "compressed"]
TRIAL_KINDS = ("search", "final")
MADE_KINDS = ("ensemble", "trained", "compressed")
"""What is made of complete trials; none of it counts as a trial."""
RunState = Literal["waiting", "running", "paused", "done"]

LIVE_SECONDS = 15.0
"""A worker that has sent no heartbeat for longer is not training: workers send one every five seconds."""


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
    """How many times a worker has started it, not counting interruptions."""
    last_death: str | None
    """How the last worker that died while training it ended."""
    epoch: int
    """Number of finished epochs."""
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
        worker: the worker that trains it; None leaves it to the next one that looks for work.
    """
    values = new_run(store.id, new)
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
    """Return the run of a trial, or None; without a seed, the one with the lowest."""
    query = select(RunTable).where(RunTable.study_id == store.id, RunTable.trial == trial, RunTable.kind == kind)
    if seed is not None:
        query = query.where(RunTable.seed == seed)
    with reading(store.engine) as session:
        row = session.scalars(query.order_by(RunTable.seed).limit(1)).first()
        return None if row is None else read_run(row)


def list_runs(store: StudyStore) -> list[Run]:
    """Return all runs of a study in the order of their registration."""
    query = select(RunTable).where(RunTable.study_id == store.id).order_by(RunTable.id)
    with reading(store.engine) as session:
        return [read_run(row) for row in session.scalars(query)]


def list_active(store: StudyStore) -> list[Run]:
    """Return the runs that are running, then those that are waiting."""
    query = (
        select(RunTable)
        .where(RunTable.study_id == store.id, RunTable.state.in_(("running", "waiting")))
        .order_by(case((RunTable.state == "running", 0), else_=1), RunTable.id)
    )
    with reading(store.engine) as session:
        return [read_run(row) for row in session.scalars(query)]


def count_running(store: StudyStore) -> int:
    """Return the number of runs that are running."""
    query = select(func.count()).where(RunTable.study_id == store.id, RunTable.state == "running")
    with reading(store.engine) as session:
        return session.scalar(query) or 0


def are_alive(store: StudyStore) -> bool:
    """Return whether a worker is training a run of a study."""
    alive = RunTable.heartbeat_at > database_now() - LIVE_SECONDS
    query = select(func.count()).where(RunTable.study_id == store.id, RunTable.state == "running", alive)
    with reading(store.engine) as session:
        return bool(session.scalar(query))


def nothing_trained(store: StudyStore) -> bool:
    """Return whether no run of a study has finished an epoch or is being trained."""
    alive = RunTable.heartbeat_at > database_now() - LIVE_SECONDS
    started = or_(
        RunTable.epoch > 0,
        RunTable.state.not_in(("waiting", "running")),
        and_(RunTable.state == "running", alive),
    )
    query = select(func.count()).where(RunTable.study_id == store.id, started)
    with reading(store.engine) as session:
        return not session.scalar(query)


def add_runs(store: StudyStore, wanted: Iterable[NewRun]) -> int:
    """Register runs of finalists, except those that are registered already.

    Returns:
        The number of new ones.
    """
    with writing(store.engine) as session:
        known = _known_finals(session, store.id)
        new = [new_run(store.id, run) for run in wanted if (run.trial, run.seed) not in known]
        if new:
            session.execute(insert(RunTable), new)
        return len(new)


def _known_finals(session: Session, study_id: int) -> set[tuple[int, int]]:
    # Of several processes at once, one waits for the other: this locks the study's row; SQLite is already locked.
    session.execute(select(StudyTable.id).where(StudyTable.id == study_id).with_for_update())
    query = select(RunTable.trial, RunTable.seed).where(RunTable.study_id == study_id, RunTable.kind == "final")
    return {(trial, seed) for trial, seed in session.execute(query)}


def new_run(study_id: int, new: NewRun) -> dict[str, Any]:
    """Return the columns of a run that waits to be trained."""
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


def plain_text(text: str) -> str:
    """Return a text that may be stored: without passwords, and without NUL, which PostgreSQL refuses."""
    return redact(text.replace("\0", ""))


def read_run(row: RunTable) -> Run:
    """Turn a row of the table into a value."""
    return Run(
        id=row.id,
        study_id=row.study_id,
        trial=require_integer("trial", row.trial),
        kind=cast("RunKind", row.kind),
        seed=require_integer("seed", row.seed),
        candidate=require_mapping("candidate", row.candidate),
        epochs=require_integer("epochs", row.epochs),
        state=cast("RunState", row.state),
        worker=row.worker,
        attempts=require_integer("attempts", row.attempts),
        last_death=row.last_death,
        epoch=require_integer("epoch", row.epoch),
        metric=row.metric,
        epoch_seconds=row.epoch_seconds,
        started_at=None if row.started_at is None else as_datetime(row.started_at),
        heartbeat_at=None if row.heartbeat_at is None else as_datetime(row.heartbeat_at),
    )
