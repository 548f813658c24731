"""The database's clock, which all workers of a study share wherever they run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class database_now(FunctionElement[float]):  # noqa: N801
    """SQL for the current time in seconds since 1970 (UTC), by the clock of the database server.

    Named in lower case like SQLAlchemy's own functions.
    """

    type = Double()
    name = "database_now"
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite(_element: database_now, _compiler: SQLCompiler, **_: Any) -> str:
    # 2440587.5 is the Julian day of 1970-01-01; unixepoch('subsec') needs SQLite 3.42.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _postgresql(_element: database_now, _compiler: SQLCompiler, **_: Any) -> str:
    # now() would be the start of the transaction, which may have waited for a lock since.
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


@compiles(database_now, "mysql", "mariadb")
def _mysql(_element: database_now, _compiler: SQLCompiler, **_: Any) -> str:
    return "(unix_timestamp(sysdate(6)) + 0.0e0)"


def as_datetime(seconds: float) -> datetime:
    """Return the time, in UTC, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
