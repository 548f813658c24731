"""Which studies a command is about: names in a database, or spec files that name both."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automap.exceptions import UserError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from automap.store.studies import StudyRow

DEFAULT_STORAGE = "sqlite:///automap.db"

StorageOption = Annotated[
    str | None,
    typer.Option(
        help=f"URL of the database; else the spec file's, else $AUTOMAP_STORAGE, else {DEFAULT_STORAGE}.",
        metavar="URL",
        show_default=False,
    ),
]


def open_studies(names: Sequence[str], storage: str | None) -> tuple[Engine, list[StudyRow]]:
    """Open the database that holds some studies, for reading, and find them.

    Args:
        names: names of studies, or paths of spec files; none for the only study there is.
        storage: URL of the database; None finds it through the spec files, the environment or the default.

    Raises:
        StorageError: if the database does not exist or cannot be read.
        UserError: if a study does not exist, none is named and there are several, or the spec files name more
            than one database.
        SpecError: if a spec file is not valid.
    """
    from automap.store.engine import read_database

    resolved = [_resolve(name) for name in names]
    urls = dict.fromkeys(url for _, url in resolved if url is not None)
    if storage is None and len(urls) > 1:
        raise UserError("the spec files name different databases; show their studies one by one")
    engine = read_database(storage or next(iter(urls), None) or default_storage())
    if not resolved:
        return engine, [_only_study(engine)]
    return engine, [_find(engine, name) for name in dict.fromkeys(name for name, _ in resolved)]


def default_storage() -> str:
    """Return the URL of the database where neither an option nor a spec names one."""
    return os.environ.get("AUTOMAP_STORAGE") or DEFAULT_STORAGE


def _resolve(name: str) -> tuple[str, str | None]:
    """Return a study's name and, if a spec file was named, its database."""
    if Path(name).suffix not in (".yaml", ".yml") and not ("/" in name or os.sep in name):
        return name, None
    from automap.spec.spec import load_spec

    spec = load_spec(Path(name))
    return spec.name, spec.storage


def _only_study(engine: Engine) -> StudyRow:
    from automap.store.studies import get_study, list_studies

    studies = list_studies(engine)
    if len(studies) == 1:
        return get_study(engine, studies[0].id)
    if not studies:
        raise UserError(f"{_where(engine)} holds no study yet; start one with: automap search SPEC")
    names = ", ".join(study.name for study in studies[:20])
    more = ", …" if len(studies) > 20 else ""
    raise UserError(f"{_where(engine)} holds {len(studies)} studies: {names}{more}; name one of them")


def _find(engine: Engine, name: str) -> StudyRow:
    from automap.store.studies import find_study, list_studies

    found = find_study(engine, name)
    if found is not None:
        return found
    names = [study.name for study in list_studies(engine)]
    if near := difflib.get_close_matches(name, names, n=1):
        raise UserError(f"{_where(engine)} holds no study '{name}'; did you mean '{near[0]}'?")
    listed = f"; it holds {', '.join(names[:20])}" if names else ""
    raise UserError(f"{_where(engine)} holds no study '{name}'{listed}")


def _where(engine: Engine) -> str:
    from automap.store.engine import display_url

    return f"database {display_url(engine.url)}"
