"""Noticing that an SQLite file was deleted or replaced while it is in use.

SQLite does not: a process keeps writing to the deleted file until it ends, and everything it wrote is lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from automap.exceptions import DatabaseLost
from automap.store.errors import display_url


def watch_file(engine: Engine) -> None:
    """Check before every transaction that an engine's SQLite file is still the one that exists now.

    The engine then raises `DatabaseLost`. Databases on servers are left alone.
    """
    if engine.dialect.name != "sqlite":
        return
    path, url = Path(engine.url.database or "").absolute(), display_url(engine.url)
    original = _identity(path)

    def check(*_: Any) -> None:
        found = _identity(path)
        if found != original:
            happened = "deleted" if found is None else "replaced by another file"
            raise DatabaseLost(
                f"database {url} was {happened} while it was in use; restore it from a backup, "
                "or run the same command again to start over"
            )

    # A new connection would create an empty file: check before it is made, too.
    event.listen(engine, "do_connect", check)
    event.listen(engine, "checkout", check)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
