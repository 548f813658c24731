"""Queries behind a leaderboard: the database sorts and limits, and only the rows to be shown are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, func, select
from sqlalchemy.orm import defer

from automap.interfaces.metric import Direction
from automap.store.models import ResultTable, RunTable
from automap.store.result import State
from automap.store.results import ResultRow, ordered, result_row
from automap.store.study_store import StudyStore
from automap.store.transactions import reading

# SQLite takes no more parameters than this in one statement, PostgreSQL not many more.
_IDS_AT_ONCE = 10_000


Group = Literal["validation", "test", "cost"]


class Measure(NamedTuple):
    """A number of a result by which results are compared."""

    group: Group
    name: str
    """The key in that part of the result."""
    direction: Direction


class Point(NamedTuple):
    """A complete trial as a point in the space of the measures."""

    id: int
    study_id: int
    trial: int
    values: tuple[float, ...]


def top_results(
    engine: Engine, study_ids: Sequence[int], measure: Measure, limit: int | None, *, is_value: bool = False
) -> list[ResultRow]:
    """Return complete trials by a measure, the best first, without those that lack it.

    Args:
        engine: the database.
        study_ids: the studies.
        measure: what to sort by.
        limit: how many at most, None for all.
        is_value: whether the measure is the studies' first objective, for which there is an index.
    """
    value = ResultTable.value if is_value else _column(measure)
    query = _complete(select(ResultTable), study_ids).where(value.is_not(None))
    return _read(engine, query.order_by(ordered(value, measure.direction), ResultTable.trial).limit(limit))


def points(engine: Engine, study_ids: Sequence[int], measures: Sequence[Measure]) -> list[Point]:
    """Return every complete trial that has all the measures, with nothing but these.

    Args:
        engine: the database.
        study_ids: the studies.
        measures: those of the studies' objectives, in their order.
    """
    # The first objective has a column of its own, which saves reading JSON.
    columns = [ResultTable.value, *(_column(measure) for measure in measures[1:])]
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


def unranked_results(
    engine: Engine, study_ids: Sequence[int], states: Sequence[State], limit: int | None
) -> list[ResultRow]:
    """Return trials that ended in other states than complete, the latest first."""
    query = select(ResultTable).where(
        ResultTable.study_id.in_(study_ids), ResultTable.kind == "search", ResultTable.state.in_(states)
    )
    return _read(engine, query.order_by(ResultTable.id.desc()).limit(limit))


def count_complete(engine: Engine, study_ids: Sequence[int]) -> int:
    """Return how many trials are complete."""
    with reading(engine) as session:
        return session.scalar(_complete(select(func.count()), study_ids)) or 0


def count_open(engine: Engine, study_ids: Sequence[int]) -> dict[str, int]:
    """Return how many runs are ``running`` and ``waiting``."""
    query = (
        select(RunTable.state, func.count())
        .where(RunTable.study_id.in_(study_ids), RunTable.state.in_(("running", "waiting")))
        .group_by(RunTable.state)
    )
    with reading(engine) as session:
        found = {state: number for state, number in session.execute(query).tuples()}  # noqa: C416
        return {"running": 0, "waiting": 0} | found


def _column(measure: Measure) -> ColumnElement[float]:
    parts = {"validation": ResultTable.validation, "test": ResultTable.test, "cost": ResultTable.cost}
    column: ColumnElement[float] = parts[measure.group][measure.name].as_float()
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
    """Return the smallest and the largest number of a study's trials; None if it has none."""
    query = select(func.min(RunTable.trial), func.max(RunTable.trial)).where(RunTable.study_id == store.id)
    with reading(store.engine) as session:
        low, high = session.execute(query).one()
    return None if low is None else (low, high)
