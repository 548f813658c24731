"""Transactions: one short one for each function of the store, with explicit locking on SQLite."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, Insert, Update, event
from sqlalchemy.orm import Session

from automap.exceptions import StorageError
from automap.store.errors import display_url, storage_errors

_WRITES = "automap_writes"


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that sees one state of the database and changes nothing.

    Raises:
        StorageError: if the database cannot be read, or holds values that automap does not write.
    """
    try:
        with storage_errors(engine.url), Session(engine) as session:
            yield session
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # Rows are turned into values within the session: JSON that is cut, a text in place of a number.
        raise StorageError(
            f"database {display_url(engine.url)} is damaged; restore it from a backup ({error})"
        ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open a session whose changes are committed together at its end or not at all.

    Raises:
        StorageError: if the database cannot be written; the transaction is rolled back.
    """
    with (
        storage_errors(engine.url),
        Session(engine.execution_options(**{_WRITES: True})) as session,
        session.begin(),
    ):
        yield session


def changed_rows(session: Session, statement: Update | Insert) -> int:
    """Execute a conditional change and return the number of rows that it changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def begin_explicitly(engine: Engine) -> None:
    """Begin SQLite's transactions explicitly.

    Python's driver begins a transaction at the first write, possibly after reads. SQLite does not wait for another
    writer there: it fails at once, whatever the busy timeout. A transaction that is going to write therefore takes
    the lock at its beginning (``BEGIN IMMEDIATE``), where SQLite does wait.
    """

    @event.listens_for(engine, "connect")
    def _no_implicit_begin(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def dump_json(value: Any) -> str:
    """Return JSON with null for NaN and infinity, which neither JSON nor PostgreSQL can represent."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
