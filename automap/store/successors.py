"""Copying trials into the successor of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from automap.store.clock import database_now
from automap.store.files import run_folder_name
from automap.store.models import Base, MeasurementTable, ResultTable, RunTable, StudyTable
from automap.store.studies import NewStudy
from automap.store.study_store import StudyStore
from automap.store.transactions import writing


@dataclass(frozen=True)
class Copy:
    """What a successor takes from its predecessor."""

    numbers: Mapping[int, int]
    """The new number of each trial that is taken, by its old number."""
    rungs: Sequence[int] | None
    """The successor's rungs."""


def create_successor(predecessor: StudyStore, new: NewStudy, taken: Copy) -> None:
    """Create a study with copies of runs, results and measurements of another one, in one transaction.

    The successor has used what was used for its trials: their number, and all of the predecessor's time.

    Args:
        predecessor: the records of the earlier study; they stay as they are.
        new: the successor.
        taken: which trials it takes.

    Raises:
        sqlalchemy.exc.IntegrityError: if a study of that name exists.
    """
    with writing(predecessor.engine) as session:
        old = session.get_one(StudyTable, predecessor.id)
        about = {"slots_taken": len(taken.numbers), "seconds_used": old.seconds_used, "evidence": old.evidence}
        rungs = None if taken.rungs is None else list(taken.rungs)
        session.execute(insert(StudyTable).values(**vars(new), **about, rungs=rungs, created_at=database_now()))
        study_id = session.scalars(select(StudyTable.id).where(StudyTable.name == new.name)).one()
        _copy_runs(session, predecessor.id, study_id, taken.numbers)
        _copy_rows(session, MeasurementTable, predecessor.id, study_id, taken.numbers)


def _copy_runs(session: Session, old_id: int, new_id: int, numbers: Mapping[int, int]) -> None:
    results = {row.run_id: row for row in _rows(session, ResultTable, old_id, numbers)}
    for run in _rows(session, RunTable, old_id, numbers):
        number = numbers[run.trial]
        values = {**_values(run), "study_id": new_id, "trial": number}
        if run.state == "running":
            # Its worker is gone: only studies that nobody trains have successors.
            values |= {"state": "waiting", "worker": None, "heartbeat_at": None}
        session.execute(insert(RunTable).values(values))
        query = select(RunTable.id).where(
            RunTable.study_id == new_id,
            RunTable.trial == number,
            RunTable.kind == run.kind,
            RunTable.seed == run.seed,
        )
        run_id = session.scalars(query).one()
        if (result := results.get(run.id)) is not None:
            folder = None if result.artifacts is None else run_folder_name(run.kind, number, run.seed)
            changed = {"run_id": run_id, "study_id": new_id, "trial": number, "artifacts": folder}
            session.execute(insert(ResultTable).values({**_values(result), **changed}))


def _copy_rows(session: Session, table: type[Base], old_id: int, new_id: int, numbers: Mapping[int, int]) -> None:
    copies = [
        {**_values(row), "study_id": new_id, "trial": numbers[row.trial]}
        for row in _rows(session, table, old_id, numbers)
    ]
    if copies:
        session.execute(insert(table), copies)


def _rows(session: Session, table: Any, study_id: int, numbers: Mapping[int, int]) -> list[Any]:
    found = session.scalars(select(table).where(table.study_id == study_id).order_by(table.id))
    return [row for row in found if row.trial in numbers]


def _values(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs if column.key != "id"}
