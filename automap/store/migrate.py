"""Bringing the tables up to date with Alembic; one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from automap.exceptions import StorageError
from automap.store.errors import display_url
from automap.store.models import HEAD
from automap.store.transactions import writing

# Any number that no other program uses for its lock on a PostgreSQL database; the first letters of automap.
_LOCK = 0x6175746F


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration of the migrations that ship with automap."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def upgrade(engine: Engine) -> None:
    """Create the tables or bring them up to date, in one transaction where the database can do so.

    Raises:
        StorageError: if the tables were made by a newer automap.
    """
    with writing(engine) as session:
        connection = session.connection()
        with _alone(connection):
            try:
                command.upgrade(alembic_config(connection), HEAD)
            except CommandError as error:
                where = display_url(engine.url)
                raise StorageError(
                    f"database {where} was written by a newer automap; install that one ({error})"
                ) from error


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    # SQLite needs nothing: a transaction that is going to write holds its only lock already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.execute(text("SELECT GET_LOCK('automap_migrations', 60)"))
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK('automap_migrations')"))
    else:
        yield
