"""Opening studies by name, or by the spec file that names both a study and its database."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from automap.api.study import Study, with_places
from automap.exceptions import UserError
from automap.spec.load import load_spec
from automap.spec.places import is_spec_file
from automap.spec.spec import Spec
from automap.spec.suggest import did_you_mean
from automap.store.engine import display_url, read_database
from automap.store.lineage import newest_name
from automap.store.studies import StudyRow, StudySummary, find_study, get_study, list_studies
from automap.store.study_store import StudyStore

DEFAULT_STORAGE = "sqlite:///automap.db"

MAX_NAMES = 20
"""Number of studies that an error lists."""


def open_study(name: str | Path | None = None, storage: str | None = None) -> Study:
    """Open a study for reading.

    Args:
        name: the study's name, or the path of its spec file; None for the only study of the database.
        storage: URL of the database; None for the spec file's, else ``$AUTOMAP_STORAGE``, else
            ``sqlite:///automap.db``.

    Raises:
        StorageError: if the database does not exist or cannot be read.
        UserError: if the database has no such study, or several and `name` is None.
        SpecError: if the spec file is not valid.
    """
    return open_studies([] if name is None else [str(name)], storage)[0]


def open_studies(names: Sequence[str], storage: str | None = None) -> list[Study]:
    """Open several studies of one database for reading; without names, its only study.

    Raises:
        UserError: as for `open_study`, or if the spec files name more than one database.
    """
    resolved = [_resolve(name) for name in names]
    urls = dict.fromkeys(spec.storage for _, spec in resolved if spec is not None)
    if storage is None and len(urls) > 1:
        raise UserError("the spec files use different databases; show their studies one at a time")
    engine = read_database(storage or next(iter(urls), None) or default_storage())
    if not resolved:
        return [Study(engine, _only_study(engine))]
    # A spec file stands for its newest study, a name for the study of that name.
    found = [
        (_find(engine, name if spec is None else newest_name(engine, name)), spec)
        for name, spec in dict(resolved).items()
    ]
    return [Study(engine, row if spec is None else with_places(row, spec)) for row, spec in found]


def summarize_studies(storage: str | None = None) -> tuple[str, list[StudySummary]]:
    """Return the URL of a database without its password, and a summary of each study, the oldest first.

    Raises:
        StorageError: if it does not exist or cannot be read.
    """
    engine = read_database(storage or default_storage())
    return display_url(engine.url), list_studies(engine)


def default_storage() -> str:
    """Return the URL of the database that is used if neither an argument nor a spec names one."""
    return os.environ.get("AUTOMAP_STORAGE") or DEFAULT_STORAGE


def _resolve(name: str) -> tuple[str, Spec | None]:
    """Return a study's name and, if a spec file was named, the spec."""
    if not is_spec_file(name):
        return name, None
    spec = load_spec(Path(name))
    return spec.name, spec


def _only_study(engine: Engine) -> StudyRow:
    found = list_studies(engine)
    if len(found) == 1:
        return get_study(StudyStore(engine, found[0].id))
    if not found:
        raise UserError(f"{_where(engine)} contains no studies; start one with: automap search SPEC")
    raise UserError(f"{_where(engine)} contains {len(found):,} studies: {_listed(found)}; name one of them")


def _find(engine: Engine, name: str) -> StudyRow:
    found = find_study(engine, name)
    if found is not None:
        return found
    others = list_studies(engine)
    hint = did_you_mean(name, [study.name for study in others], f"it contains {_listed(others) or 'none'}")
    raise UserError(f"{_where(engine)} contains no study '{name}'; {hint}")


def _listed(studies: Sequence[StudySummary]) -> str:
    return ", ".join(study.name for study in studies[:MAX_NAMES]) + (", …" if len(studies) > MAX_NAMES else "")


def _where(engine: Engine) -> str:
    return f"database {display_url(engine.url)}"
