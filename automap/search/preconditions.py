"""What a search needs besides a valid spec and its data: a database and a run directory that it may write."""

from __future__ import annotations

import os
from pathlib import Path

from automap.exceptions import ConnectionLost, StorageError
from automap.search.study import refuse_incomparable
from automap.spec.spec import Spec
from automap.store import remote
from automap.store.engine import database_url, inspect_database


def check_storage(spec: Spec, fingerprint: str | None = None) -> tuple[str, ...]:
    """Check the database and the run directory of a spec without writing to either.

    Args:
        spec: the spec.
        fingerprint: of the data; None if it is not known.

    Returns:
        Warnings, such as a server that does not answer now: a search would wait for it.

    Raises:
        StorageError: if one of the two cannot be used.
        UserError: if the database has a study of that name whose trials are not comparable with those of this spec.
    """
    found = []
    try:
        _check_database(spec, fingerprint)
    except ConnectionLost as error:
        found.append(str(error))
    try:
        _check_run_directory(spec)
    except ConnectionLost as error:
        found.append(str(error))
    return tuple(found)


def _check_database(spec: Spec, fingerprint: str | None) -> None:
    url = database_url(spec.storage)
    folder = Path(url.database or "").absolute().parent
    if url.get_backend_name() == "sqlite" and not folder.exists() and spec.run_directory.is_relative_to(folder):
        return  # A search creates the folder for its runs.
    engine = inspect_database(spec.storage)
    if engine is not None:
        refuse_incomparable(engine, spec, fingerprint)
        engine.dispose()


def _check_run_directory(spec: Spec) -> None:
    if spec.remote_runs is not None:
        remote.check_readable(spec.remote_runs)
        return
    folder = _nearest_existing(spec.run_directory)
    reason = f"{folder} is not a folder" if not folder.is_dir() else f"no permission to write in {folder}"
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"run directory {spec.run_directory}: {reason}; set another one in the spec (runs: ...)")


def _nearest_existing(path: Path) -> Path:
    return next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
