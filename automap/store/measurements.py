"""Measurements: the objectives of trials at rungs, and what the scheduler decided there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from automap.store.clock import database_now
from automap.store.models import MeasurementTable, ResultTable, RunTable
from automap.store.study_store import StudyStore
from automap.store.transactions import changed_rows, reading, writing


@dataclass(frozen=True)
class MeasurementRow:
    """A trial at a rung."""

    trial: int
    images: int
    """The rung, in training images."""
    objectives: dict[str, float | None]
    """By metric; None if not finite."""
    seconds: float
    """Training time so far."""
    decision: str | None
    """What the scheduler decided; None if the worker died before it did."""


@dataclass(frozen=True)
class TrialRow:
    """How far a trial is."""

    trial: int
    state: str
    """Of its run: ``waiting``, ``running`` or ``paused``; of its result once it is done."""
    epochs: int
    """Length of its full training."""


def add_measurement(
    store: StudyStore, trial: int, images: int, objectives: Mapping[str, float | None], seconds: float
) -> bool:
    """Store the objectives of a trial at a rung.

    Returns:
        False if the trial has been measured there before: then nothing is changed.
    """
    values = {
        "study_id": store.id,
        "trial": trial,
        "images": images,
        "objectives": dict(objectives),
        "seconds": seconds,
        "measured_at": database_now(),
    }
    try:
        with writing(store.engine) as session:
            session.execute(insert(MeasurementTable).values(values))
    except IntegrityError:
        return False
    return True


def record_decision(store: StudyStore, trial: int, images: int, decision: str) -> None:
    """Store what was decided about a trial at a rung."""
    here = update(MeasurementTable).where(
        MeasurementTable.study_id == store.id, MeasurementTable.trial == trial, MeasurementTable.images == images
    )
    with writing(store.engine) as session:
        changed_rows(session, here.values(decision=decision).execution_options(synchronize_session=False))


def list_measurements(store: StudyStore, trial: int | None = None) -> list[MeasurementRow]:
    """Return measurements by trial and images, of one trial or of all."""
    query = select(MeasurementTable).where(MeasurementTable.study_id == store.id)
    if trial is not None:
        query = query.where(MeasurementTable.trial == trial)
    with reading(store.engine) as session:
        rows = session.scalars(query.order_by(MeasurementTable.trial, MeasurementTable.images))
        return [MeasurementRow(row.trial, row.images, row.objectives, row.seconds, row.decision) for row in rows]


def list_trials(store: StudyStore) -> list[TrialRow]:
    """Return how far every trial is, by number."""
    query = (
        select(RunTable.trial, RunTable.state, ResultTable.state, RunTable.epochs)
        .outerjoin(ResultTable, ResultTable.run_id == RunTable.id)
        .where(RunTable.study_id == store.id, RunTable.kind == "search")
        .order_by(RunTable.trial)
    )
    with reading(store.engine) as session:
        return [TrialRow(trial, done or state, epochs) for trial, state, done, epochs in session.execute(query)]
