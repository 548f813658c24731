"""Results of finished runs: written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Engine, Select, SQLColumnExpression, UnaryExpression, func, insert, select, update
from sqlalchemy.orm import Session, defer

from automap.interfaces.metric import Direction, sign_of
from automap.spec.objectives import Objective, objective_value
from automap.store.clock import as_datetime, database_now
from automap.store.errors import require_integer, require_mapping
from automap.store.models import ResultTable, RunTable, StudyTable
from automap.store.result import Result, State
from automap.store.runs import TRIAL_KINDS, NewRun, RunKind, new_run, plain_text
from automap.store.studies import parse_objectives
from automap.store.study_store import StudyStore
from automap.store.transactions import changed_rows, reading, writing

STATES: tuple[State, ...] = ("complete", "pruned", "infeasible", "failed")


@dataclass(frozen=True)
class ResultRow:
    """A result and the run that it belongs to."""

    study_id: int
    trial: int
    kind: RunKind
    seed: int
    candidate: dict[str, Any]
    """In the spec's notation."""
    value: float | None
    """The first objective; None if unknown or not finite."""
    finished_at: datetime
    result: Result

    @property
    def state(self) -> State:
        """How the run ended."""
        return self.result.state

    @property
    def validation(self) -> dict[str, float]:
        """Metrics on the validation split."""
        return self.result.validation

    @property
    def test(self) -> dict[str, float] | None:
        """Metrics on the test split; None for all but finalists."""
        return self.result.test

    @property
    def cost(self) -> dict[str, float]:
        """Costs of the model, with units in their names."""
        return self.result.cost


def finish(engine: Engine, run_id: int, worker: str, result: Result) -> bool:
    """Store the result of a run and end the run, in one transaction.

    Args:
        engine: the database.
        run_id: the run.
        worker: the worker that trained it.
        result: the outcome.

    Returns:
        False if the worker no longer holds the run; nothing is written then.
    """
    held = (RunTable.id == run_id, RunTable.worker == worker, RunTable.state == "running")
    done = update(RunTable).where(*held).values(state="done", heartbeat_at=database_now())
    with writing(engine) as session:
        if changed_rows(session, done.execution_options(synchronize_session=False)) != 1:
            return False
        run = session.get_one(RunTable, run_id)
        values = _new_result(run, _first_objective(session, run.study_id), result)
        session.execute(insert(ResultTable).values(values))
        return True


def add_finished(store: StudyStore, new: NewRun, result: Result) -> None:
    """Store what was made of complete trials: a run that is done from the start, with its result.

    Args:
        store: the study's records.
        new: the run; no run of this kind, trial and seed exists. An ensemble's seed is larger than those before.
        result: its result.
    """
    with writing(store.engine) as session:
        run = RunTable(**{**new_run(store.id, new), "state": "done"})
        session.add(run)
        session.flush()
        values = _new_result(run, _first_objective(session, store.id), result)
        session.execute(insert(ResultTable).values(values))


def find_result(store: StudyStore, trial: int, kind: RunKind = "search", seed: int | None = None) -> ResultRow | None:
    """Return the result of a trial with its learning curve, or None.

    Args:
        store: the study's records.
        trial: Optuna's number of the trial.
        kind: ``search``, or ``final`` for a finalist.
        seed: of the training; None for the lowest.
    """
    query = select(ResultTable).where(
        ResultTable.study_id == store.id, ResultTable.trial == trial, ResultTable.kind == kind
    )
    if seed is not None:
        query = query.where(ResultTable.seed == seed)
    with reading(store.engine) as session:
        row = session.scalars(query.order_by(ResultTable.seed).limit(1)).first()
        return None if row is None else result_row(row, row.curve)


def list_results(
    store: StudyStore,
    *,
    kind: RunKind | None = None,
    states: Sequence[State] | None = None,
    trial: int | None = None,
    limit: int | None = None,
    curves: bool = False,
) -> list[ResultRow]:
    """Return results, ordered from the best value of the first objective to the worst, then those without one.

    Args:
        store: the study's records.
        kind: ``search`` or ``final``, None for both.
        states: None for all.
        trial: None for all.
        limit: largest number of results; None for all.
        curves: whether to read learning curves, which are most of a result's bytes.
    """
    query = select(ResultTable).where(ResultTable.study_id == store.id)
    if kind is not None:
        query = query.where(ResultTable.kind == kind)
    if states is not None:
        query = query.where(ResultTable.state.in_(states))
    if trial is not None:
        query = query.where(ResultTable.trial == trial)
    if not curves:
        query = query.options(defer(ResultTable.curve))
    with reading(store.engine) as session:
        ordered = _best_first(query, _first_objective(session, store.id)).limit(limit)
        return [result_row(row, row.curve if curves else ()) for row in session.scalars(ordered)]


def count_states(store: StudyStore) -> dict[str, int]:
    """Return the number of trials by final state, and the number of finalists' runs under ``final``."""
    query = (
        select(ResultTable.kind, ResultTable.state, func.count())
        .where(ResultTable.study_id == store.id)
        .group_by(ResultTable.kind, ResultTable.state)
    )
    counts = dict.fromkeys((*STATES, "final"), 0)
    with reading(store.engine) as session:
        for kind, state, number in session.execute(query):
            if kind in TRIAL_KINDS:
                counts["final" if kind == "final" else state] += number
    return counts


def _first_objective(session: Session, study_id: int) -> Objective:
    data = session.scalar(select(StudyTable.objectives).where(StudyTable.id == study_id))
    if data is None:
        raise LookupError(f"no study has the id {study_id}")
    return parse_objectives(data)[0]


def _best_first(query: Select[ResultTable], objective: Objective) -> Select[ResultTable]:
    value = ResultTable.value
    best = ordered(value, objective.direction)
    return query.order_by(value.is_(None), best, ResultTable.trial, ResultTable.seed)


def ordered(value: SQLColumnExpression[Any], direction: Direction) -> UnaryExpression[Any]:
    """Return the ORDER BY term that puts the best value first; a bare column, so that an index can serve it."""
    return value.desc() if sign_of(direction) < 0 else value.asc()


def _new_result(run: RunTable, objective: Objective, result: Result) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "study_id": run.study_id,
        "trial": run.trial,
        "kind": run.kind,
        "seed": run.seed,
        "candidate": run.candidate,
        "value": objective_value(objective, result.validation, result.cost),
        "state": result.state,
        "reason": None if result.reason is None else plain_text(result.reason),
        "validation": result.validation,
        "test": result.test,
        "cost": result.cost,
        "curve": list(result.curve),
        "notes": list(result.notes),
        "artifacts": result.artifacts,
        "finished_at": database_now(),
    }


def result_row(row: ResultTable, curve: Sequence[Mapping[str, Any]]) -> ResultRow:
    """Turn a row of the table into a value."""
    # Rows are validated when they are written; validating them again would take longer than the query.
    result = Result.model_construct(
        state=cast("State", row.state),
        reason=row.reason,
        validation=known_numbers(require_mapping("validation", row.validation)),
        test=None if row.test is None else known_numbers(row.test),
        cost=known_numbers(require_mapping("cost", row.cost)),
        curve=tuple(known_numbers(epoch) for epoch in curve),
        notes=tuple(row.notes),
        artifacts=row.artifacts,
    )
    kind = cast("RunKind", row.kind)
    finished_at = as_datetime(row.finished_at)
    trial, seed = require_integer("trial", row.trial), require_integer("seed", row.seed)
    candidate = require_mapping("candidate", row.candidate)
    return ResultRow(row.study_id, trial, kind, seed, candidate, row.value, finished_at, result)


def known_numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers without nulls, which stand for NaN and infinity."""
    return {name: value for name, value in data.items() if value is not None}
