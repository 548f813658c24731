"""The terminal browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from automap.api.open import default_storage, open_study
from automap.exceptions import UserError
from automap.store.engine import read_database

if TYPE_CHECKING:
    from automap.report.browser.app import Browser


def browse(study: str | Path | None = None, storage: str | None = None) -> None:
    """Browse the studies of a database in the terminal until the user quits.

    Args:
        study: name of the study to open first, or its spec file; None for the list of studies.
        storage: as for `automap.open_study`.

    Raises:
        StorageError: if the database does not exist or cannot be read.
        UserError: if the packages of the extra ``browse`` are missing, or there is no such study.
    """
    browser_of(study, storage).run()


def browser_of(study: str | Path | None, storage: str | None) -> Browser:
    """Return the application; see `browse`."""
    try:
        from automap.report.browser.app import Browser
    except ImportError:
        raise UserError("the browser needs Textual; install it with: pip install 'automap[browse]'") from None
    if study is None:
        return Browser(read_database(storage or default_storage()))
    opened = open_study(study, storage)
    return Browser(opened.engine, opened.row)
