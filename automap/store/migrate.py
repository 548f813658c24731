"""Creating and migrating the tables with Alembic, one process at a time."""

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

# Identifies the advisory lock on a PostgreSQL database: the letters "auto".
_LOCK = 0x6175746F


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for automap's migrations."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables, in one transaction where the database supports that.

    Raises:
        StorageError: if a newer version of automap has created the tables.
    """
    with writing(engine) as session:
        connection = session.connection()
        with _alone(connection):
            try:
                command.upgrade(alembic_config(connection), HEAD)
            except CommandError as error:
                where = display_url(engine.url)
                raise StorageError(
                    f"database {where} was written by a newer version of automap; upgrade automap ({error})"
                ) from error


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    # SQLite needs no lock: the writing transaction already holds the only one.
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
