"""Queries behind a leaderboard: the database sorts and limits, so that only rows to be shown are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, and_, func, select
from sqlalchemy.orm import defer

from automap.exceptions import UserError
from automap.interfaces.metric import Direction
from automap.store.models import MeasurementTable, ResultTable, RunTable
from automap.store.result import State
from automap.store.results import ResultRow, ordered, result_row
from automap.store.study_store import StudyStore
from automap.store.transactions import reading

# SQLite and PostgreSQL limit the number of parameters of a statement.
_IDS_AT_ONCE = 10_000


Group = Literal["validation", "test", "cost"]


class Measure(NamedTuple):
    """A metric or cost by which results are compared."""

    group: Group
    name: str
    """The key in that part of the result."""
    direction: Direction


class Point(NamedTuple):
    """The measures of a complete trial."""

    id: int
    study_id: int
    trial: int
    values: tuple[float, ...]


def top_results(
    engine: Engine, study_ids: Sequence[int], measure: Measure, limit: int | None, *, is_value: bool = False
) -> list[ResultRow]:
    """Return the complete trials that have a measure, the best first.

    Args:
        engine: the database.
        study_ids: the studies.
        measure: what to sort by.
        limit: how many at most, None for all.
        is_value: whether the measure is the studies' first objective, which has an index.
    """
    value = ResultTable.value if is_value else _column(engine, measure)
    query = _complete(select(ResultTable), study_ids).where(value.is_not(None))
    return _read(engine, query.order_by(ordered(value, measure.direction), ResultTable.trial).limit(limit))


def points(engine: Engine, study_ids: Sequence[int], measures: Sequence[Measure]) -> list[Point]:
    """Return the measures of every complete trial that has all of them.

    Args:
        engine: the database.
        study_ids: the studies.
        measures: the studies' objectives, in order.
    """
    # The first objective has its own column, which is faster than JSON.
    columns = [ResultTable.value, *(_column(engine, measure) for measure in measures[1:])]
    shown: list[Any] = [ResultTable.id, ResultTable.study_id, ResultTable.trial, *columns]
    query: Select[Any] = _complete(select(*shown), study_ids)
    query = query.where(*(column.is_not(None) for column in columns))
    with reading(engine) as session:
        return [Point(row[0], row[1], row[2], tuple(row[3:])) for row in session.execute(query)]


def get_results(engine: Engine, ids: Sequence[int]) -> list[ResultRow]:
    """Return results by the ids of `points`, in the order of the ids."""
    found: dict[int, ResultRow] = {}
    with reading(engine) as session:
        for start in range(0, len(ids), _IDS_AT_ONCE):
            query = _without_curve(select(ResultTable)).where(ResultTable.id.in_(ids[start : start + _IDS_AT_ONCE]))
            found |= {row.id: result_row(row, ()) for row in session.scalars(query)}
    return [found[id_] for id_ in ids if id_ in found]


def final_results(engine: Engine, study_ids: Sequence[int]) -> list[ResultRow]:
    """Return the complete runs of finalists, by trial and seed."""
    query = select(ResultTable).where(
        ResultTable.study_id.in_(study_ids), ResultTable.kind == "final", ResultTable.state == "complete"
    )
    return _read(engine, query.order_by(ResultTable.study_id, ResultTable.trial, ResultTable.seed))


def ensemble_results(engine: Engine, study_ids: Sequence[int]) -> list[ResultRow]:
    """Return the latest ensemble of each study."""
    latest = (
        select(func.max(ResultTable.id))
        .where(ResultTable.study_id.in_(study_ids), ResultTable.kind == "ensemble")
        .group_by(ResultTable.study_id)
    )
    return _read(engine, select(ResultTable).where(ResultTable.id.in_(latest)).order_by(ResultTable.study_id))


def made_results(engine: Engine, study_ids: Sequence[int]) -> list[ResultRow]:
    """Return what was made of complete trials apart from ensembles: trained again or compressed, the oldest first."""
    query = select(ResultTable).where(
        ResultTable.study_id.in_(study_ids), ResultTable.kind.in_(("trained", "compressed"))
    )
    return _read(engine, query.order_by(ResultTable.study_id, ResultTable.trial, ResultTable.id))


def unranked_results(
    engine: Engine, study_ids: Sequence[int], states: Sequence[State], limit: int | None
) -> list[ResultRow]:
    """Return trials that ended in the given states, the latest first."""
    query = select(ResultTable).where(
        ResultTable.study_id.in_(study_ids), ResultTable.kind == "search", ResultTable.state.in_(states)
    )
    return _read(engine, query.order_by(ResultTable.id.desc()).limit(limit))


class PausedTrial(NamedTuple):
    """A trial that waits for the scheduler to resume it."""

    study_id: int
    trial: int
    candidate: dict[str, Any]
    epochs: int
    """Of a full training."""
    images: int
    """Training images at its last rung."""
    objectives: dict[str, float | None]
    """At its last rung, by metric."""
    seconds: float
    """Training time so far."""


def paused_trials(engine: Engine, study_ids: Sequence[int]) -> list[PausedTrial]:
    """Return the paused trials of some studies as they were at their last rung, the longest trained first."""
    last = (
        select(MeasurementTable.study_id, MeasurementTable.trial, func.max(MeasurementTable.images).label("images"))
        .group_by(MeasurementTable.study_id, MeasurementTable.trial)
        .subquery()
    )
    on_trial = and_(last.c.study_id == RunTable.study_id, last.c.trial == RunTable.trial)
    on_rung = and_(
        MeasurementTable.study_id == last.c.study_id,
        MeasurementTable.trial == last.c.trial,
        MeasurementTable.images == last.c.images,
    )
    query = (
        select(RunTable, MeasurementTable)
        .join(last, on_trial)
        .join(MeasurementTable, on_rung)
        .outerjoin(ResultTable, ResultTable.run_id == RunTable.id)
        .where(RunTable.study_id.in_(study_ids), RunTable.kind == "search", RunTable.state == "paused")
        .where(ResultTable.id.is_(None))
        .order_by(MeasurementTable.images.desc(), RunTable.trial)
    )
    with reading(engine) as session:
        return [
            PausedTrial(
                run.study_id, run.trial, run.candidate, run.epochs, found.images, found.objectives, found.seconds
            )
            for run, found in session.execute(query).tuples()
        ]


def count_complete(engine: Engine, study_ids: Sequence[int]) -> int:
    """Return the number of complete trials."""
    with reading(engine) as session:
        return session.scalar(_complete(select(func.count()), study_ids)) or 0


def count_open(engine: Engine, study_ids: Sequence[int]) -> dict[str, int]:
    """Return the number of ``running``, ``waiting`` and ``paused`` runs."""
    query = (
        select(RunTable.state, func.count())
        .where(RunTable.study_id.in_(study_ids), RunTable.state.in_(("running", "waiting", "paused")))
        .group_by(RunTable.state)
    )
    with reading(engine) as session:
        found = {state: number for state, number in session.execute(query).tuples()}  # noqa: C416
        return {"running": 0, "waiting": 0} | found


def _column(engine: Engine, measure: Measure) -> ColumnElement[float]:
    if engine.dialect.name == "sqlite" and '"' in measure.name:
        raise UserError(f"SQLite cannot sort by a metric whose name holds a double quote: {measure.name}")
    parts = {"validation": ResultTable.validation, "test": ResultTable.test, "cost": ResultTable.cost}
    # SQLAlchemy writes a JSON path for SQLite and MySQL and does not escape the key in it: class names may hold quotes.
    key = measure.name if engine.dialect.name == "postgresql" else json.dumps(measure.name, ensure_ascii=False)[1:-1]
    column: ColumnElement[float] = parts[measure.group][key].as_float()
    return column


def _complete(query: Select[Any], study_ids: Iterable[int]) -> Select[Any]:
    return query.where(
        ResultTable.study_id.in_(list(study_ids)),
        ResultTable.kind == "search",
        ResultTable.state == "complete",
    )


def _without_curve(query: Select[Any]) -> Select[Any]:
    return query.options(defer(ResultTable.curve))


def _read(engine: Engine, query: Select[Any]) -> list[ResultRow]:
    with reading(engine) as session:
        return [result_row(row, ()) for row in session.scalars(_without_curve(query))]


def trial_span(store: StudyStore) -> tuple[int, int] | None:
    """Return the lowest and highest number of a study's trials; None if there are none."""
    query = select(func.min(RunTable.trial), func.max(RunTable.trial)).where(RunTable.study_id == store.id)
    with reading(store.engine) as session:
        low, high = session.execute(query).one()
    return None if low is None else (low, high)
