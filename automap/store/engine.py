"""Opening a database by its URL: for writing, with migrated tables, or read-only."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, inspect, make_url, text

from automap.exceptions import StorageError
from automap.store.database_file import watch_file
from automap.store.errors import display_url, storage_error, storage_errors
from automap.store.models import HEAD, VERSION_TABLE
from automap.store.transactions import begin_explicitly, dump_json

__all__ = ["BUSY_SECONDS", "database_url", "display_url", "open_database", "read_database"]

BUSY_SECONDS = 30.0
"""How long a transaction waits for SQLite's lock."""

CONNECT_SECONDS = 10

# For each kind of database, the Python driver and the extra of automap that installs it.
_DRIVERS = {
    "postgresql": ("psycopg", "postgres"),
    "mysql": ("pymysql", "mysql"),
    "mariadb": ("pymysql", "mysql"),
}


def database_url(url: str) -> URL:
    """Return a URL that names a driver: psycopg for PostgreSQL, PyMySQL for MySQL.

    Raises:
        StorageError: if it is not the URL of a supported database.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (exc.ArgumentError, exc.NoSuchModuleError, ValueError):
        raise StorageError(
            f"storage '{display_url(url)}' is not a database URL; expected, for example, sqlite:///automap.db or "
            "postgresql://user@host/name"
        ) from None
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StorageError(
            f"storage '{url}' is an in-memory database, which workers cannot share; use a file: sqlite:///automap.db"
        )
    if parsed.drivername in _DRIVERS:
        return parsed.set(drivername=f"{backend}+{_DRIVERS[backend][0]}")
    return parsed


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open a database for writing, and create or migrate its tables where needed.

    Several processes may do so at once.

    Args:
        url: a SQLAlchemy URL.
        busy_seconds: how long to wait for SQLite's lock.

    Raises:
        StorageError: if it is locked, read-only, not a database or unreachable, or if its driver is not installed.
        DatabaseLost: later, from any transaction, if an SQLite file is deleted or replaced while it is in use.
    """
    engine = _engine(database_url(url), busy_seconds)
    with storage_errors(engine.url):
        if engine.dialect.name == "sqlite":
            _need_folder(engine.url)
            _switch_to_write_ahead_log(engine, busy_seconds)
        with engine.connect() as connection:
            version = _schema_version(connection)
            if version == HEAD:
                _refuse_read_only(engine.url, connection)
                watch_file(engine)
                return engine
    # Importing Alembic takes a third of a second, and is needed only to create or migrate a database.
    from automap.store.migrate import upgrade

    with storage_errors(engine.url):
        upgrade(engine)
    watch_file(engine)
    return engine


def read_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open an existing database read-only; only the tables of an earlier version are migrated first.

    Raises:
        StorageError: if it does not exist, has no tables of this version of automap, or cannot be read.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        _need_file(parsed)
    engine = _engine(parsed, busy_seconds, read_only=True)
    with storage_errors(engine.url), engine.connect() as connection:
        version = _schema_version(connection)
    if version is not None and version < HEAD:
        _migrate(url, busy_seconds)
        version = HEAD
    if version is None:
        raise StorageError(f"database {display_url(url)} has no studies; start one with: automap search SPEC")
    if version != HEAD:
        raise StorageError(
            f"database {display_url(url)} was written by a newer version of automap (schema {version}, expected "
            f"{HEAD}); upgrade automap"
        )
    return engine


def inspect_database(url: str) -> Engine | None:
    """Open a database read-only, to find out whether a search could use it.

    Returns:
        None if it does not exist yet, or holds no tables of automap.

    Raises:
        ConnectionLost: if its server does not answer.
        StorageError: if it could not be created or written, or cannot be read.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        with storage_errors(parsed):
            _need_folder(parsed)
            _refuse_read_only_file(parsed)
        if not Path(parsed.database or "").exists():
            return None
    engine = _engine(parsed, BUSY_SECONDS, read_only=True)
    with storage_errors(engine.url), engine.connect() as connection:
        version = _schema_version(connection)
    engine.dispose()
    return None if version is None else read_database(url)


def _migrate(url: str, busy_seconds: float) -> None:
    try:
        open_database(url, busy_seconds=busy_seconds).dispose()
    except StorageError as error:
        raise StorageError(
            f"database {display_url(url)} was written by an earlier version of automap and has to be migrated first, "
            f"which failed: {error}"
        ) from error


def _engine(url: URL, busy_seconds: float, *, read_only: bool = False) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_backend_name() == "sqlite" and read_only:
        options = {"creator": partial(_connect_read_only, Path(url.database or "").absolute(), busy_seconds)}
    elif url.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": busy_seconds}}
    elif url.get_backend_name() in _DRIVERS:
        options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
    try:
        engine = create_engine(url, json_serializer=dump_json, **options)
    except (ImportError, exc.NoSuchModuleError) as error:
        raise StorageError(f"database {display_url(url)}: {_missing_driver(url, error)}") from error
    if engine.dialect.name == "sqlite":
        begin_explicitly(engine)
        event.listen(engine, "connect", _set_pragmas)
    return engine


def _missing_driver(url: URL, error: Exception) -> str:
    _, extra = _DRIVERS.get(url.get_backend_name(), ("", ""))
    if not extra:
        return f"no driver is installed for it ({error})"
    return f"its driver is not installed ({error}); install it with: pip install 'automap[{extra}]'"


def _set_pragmas(connection: Any, _: object) -> None:
    # With write-ahead logging, NORMAL loses no transaction to a killed process, and a power cut cannot corrupt
    # the file.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _switch_to_write_ahead_log(engine: Engine, busy_seconds: float) -> None:
    # SQLite does not wait for its lock here, so processes that create the same database at once have to retry.
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            with closing(engine.raw_connection()) as connection:
                cursor = connection.cursor()
                if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    cursor.execute("PRAGMA journal_mode=WAL").fetchone()
            return
        except sqlite3.Error as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise storage_error(engine.url, error) from error
            time.sleep(0.05)


def _schema_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    if found is not None and not (isinstance(found, str) and found.isdigit()):
        raise StorageError(f"database {display_url(connection.engine.url)} is damaged: its schema version is {found!r}")
    return found


def _refuse_read_only(url: URL, connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        _refuse_read_only_file(url)


def _refuse_read_only_file(url: URL) -> None:
    path = Path(os.path.realpath(url.database or ""))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise storage_error(url, PermissionError("attempt to write a readonly database"))


def _need_folder(url: URL) -> None:
    _need_regular(url)
    path = Path(url.database or "").absolute()
    folder = Path(os.path.realpath(path)).parent
    if path.is_symlink() and os.path.realpath(path) == str(path):
        raise StorageError(f"database {display_url(url)} is a link to itself; remove it")
    if not folder.is_dir():
        raise StorageError(f"database {display_url(url)}: its folder {folder} does not exist; create it first")


def _need_file(url: URL) -> None:
    if not Path(url.database or "").exists():
        raise StorageError(
            f"database {display_url(url)} does not exist; start a study with: automap search SPEC, or choose "
            "another database with --storage URL"
        )
    _need_regular(url)


def _need_regular(url: URL) -> None:
    # SQLite would wait forever for the other end of a named pipe.
    path = Path(url.database or "")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise StorageError(f"database {display_url(url)} is not a regular file")


def _connect_read_only(path: Path, busy_seconds: float) -> sqlite3.Connection:
    mode = "mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        # Reading a write-ahead log requires creating a small file next to it, which is not possible in this
        # folder; and without a log there is no writer.
        mode = "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=busy_seconds, check_same_thread=False)
