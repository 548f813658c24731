"""Database errors in terms that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from sqlalchemy import URL, exc, make_url

from automap.exceptions import ConnectionLost, StorageError
from automap.redaction import HIDDEN, redact

_Meanings = Sequence[tuple[tuple[str, ...], str]]

# Parts of drivers' messages, in lower case → what they mean and what to do.
_LASTING: _Meanings = (
    (
        ("readonly database", "read-only transaction", "read-only option", "permission denied", "command denied"),
        "it is read-only for this user; get write permission, or use another database",
    ),
    (("file is not a database", "file is encrypted"), "the file is not an SQLite database; use another one"),
    (("disk image is malformed",), "the file is damaged; restore it from a backup"),
    (
        ("disk is full", "no space left", "disk full", "is full"),
        "the disk is full; free some space and run the same command again: nothing stored is lost",
    ),
    (("disk i/o error",), "reading or writing the disk failed; check the disk and its free space"),
    (
        ("unable to open database file",),
        "the file cannot be opened; check that its folder exists and is writable",
    ),
    (
        ("password authentication failed", "access denied", "no password supplied", "no pg_hba.conf entry"),
        "the server rejects the user or password; correct them in the URL",
    ),
    (('role "',), "the server has no such user; correct it in the URL"),
    (("unknown database", 'database "'), "the server has no such database; create it, or correct its name in the URL"),
)

# The same for what may pass without help.
_PASSING: _Meanings = (
    (
        ("database is locked", "database table is locked", "lock wait timeout", "canceling statement due to lock"),
        "it is locked by another process; wait until that process is done, or stop it",
    ),
    (
        (
            "connection refused",
            "could not translate host name",
            "failed to resolve host",
            "name or service not known",
            "can't connect to",
            "no such file or directory",
            "connection timeout",
            "timed out",
            "timeout expired",
            "no route to host",
            "network is unreachable",
        ),
        "the server cannot be reached; check the host and port in the URL and that the server is running",
    ),
    (
        (
            "server closed the connection",
            "terminating connection",
            "lost connection",
            "server has gone away",
            "connection is closed",
            "shutting down",
            "starting up",
            "not yet accepting connections",
            "not accepting connections",
            "in recovery mode",
            "closed unexpectedly",
            "connection is lost",
        ),
        "the server closed the connection; check that it runs, then run the same command again: nothing stored is lost",
    ),
)


def display_url(url: URL | str) -> str:
    """Return a database URL without its password, also one that is malformed."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not parsed.query:
            return f"{parsed.drivername}:///{parsed.database or ''}"  # As the user knows the path, without escapes.
        return redact(parsed.render_as_string(hide_password=True))
    except (exc.ArgumentError, ValueError):
        scheme, colon, rest = str(url).partition(":")
        # Whatever follows may be, or hold, a password.
        return f"{scheme}:{HIDDEN}" if colon and rest else redact(str(url))


def storage_error(url: URL, error: Exception) -> StorageError:
    """Turn an error of a database driver into one that says what to do.

    Returns:
        `ConnectionLost` if the problem may pass without help.
    """
    cause = str(getattr(error, "orig", None) or error).strip()
    if url.host and "@" in url.host:
        # An @ in a password that is not written as %40 makes a part of the password look like the host.
        cause = cause.replace(url.host, f"{HIDDEN}@{url.host.rpartition('@')[2]}")
    passing = _means(_LASTING, cause) is None and (_means(_PASSING, cause) or _is_broken(error))
    kind = ConnectionLost if passing else StorageError
    return kind(f"database {display_url(url)}: {_meaning(url, cause)} ({_first_line(cause)})")


@contextmanager
def storage_errors(url: URL) -> Iterator[None]:
    """Raise `StorageError` for whatever goes wrong between the program and its database.

    Violated constraints and wrong SQL are programming errors and pass through.
    """
    try:
        yield
    except (exc.IntegrityError, exc.ProgrammingError) as error:
        if "permission denied" in str(error) or "command denied" in str(error):
            raise storage_error(url, error) from error
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise storage_error(url, error) from error
    except (UnicodeDecodeError, JSONDecodeError) as error:
        raise _damage(url, error) from error


def _damage(url: URL, error: Exception) -> StorageError:
    reason = f"{type(error).__name__}: {_first_line(str(error))}".rstrip(": ")
    return StorageError(f"database {display_url(url)} holds damaged records ({reason})")


@contextmanager
def damage_named(url: URL) -> Iterator[None]:
    """Raise `StorageError` where records hold what neither automap nor Optuna has written."""
    try:
        yield
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _damage(url, error) from error


def require_integer(column: str, value: object) -> int:
    """Return a value of an integer column, in which SQLite may store anything.

    Raises:
        StorageError: if it is not an integer.
    """
    if not isinstance(value, int):
        raise StorageError(f"the database is damaged: expected an integer as {column}, received {value!r}")
    return value


def require_mapping(column: str, value: object) -> dict[str, Any]:
    """Return a value of a column that holds a JSON mapping.

    Raises:
        StorageError: if it is not a mapping.
    """
    if not isinstance(value, dict):
        raise StorageError(f"the database is damaged: expected a mapping as {column}, received {value!r}")
    return value


def _is_broken(error: Exception) -> bool:
    return isinstance(error, exc.DBAPIError) and error.connection_invalidated


def _meaning(url: URL, cause: str) -> str:
    if url.get_backend_name() == "sqlite" and url.database and Path(url.database).is_dir():
        return "it is a folder; expected a file"
    return _means(_LASTING, cause) or _means(_PASSING, cause) or "it cannot be used"


def _means(meanings: _Meanings, cause: str) -> str | None:
    lowered = cause.lower()
    return next((meaning for signs, meaning in meanings if any(sign in lowered for sign in signs)), None)


def _first_line(cause: str) -> str:
    return cause.splitlines()[0].strip() if cause else "no reason given"
