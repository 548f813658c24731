"""Where a study keeps its database and artifacts."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote

from automap.spec.errors import shortened


def storage_url(url: str, folder: Path | None) -> str:
    """Return the URL of a database; the relative path of an SQLite file starts at the folder of the spec.

    Args:
        url: as a spec writes it.
        folder: of the spec; None for the current folder.

    Raises:
        ValueError: if it is not a URL.
    """
    prefix, separator, path = url.partition(":///")
    if not url.partition("://")[1]:
        # What was received is not repeated: it may hold a password.
        raise ValueError("expected a database URL such as sqlite:///automap.db or postgresql://user@host/name")
    if folder is None or not prefix.startswith("sqlite") or not separator or Path(path).is_absolute():
        return url
    # In a URL ? begins a query, and % an escape: names of folders may hold both.
    return f"{prefix}:///{Path(str(folder).replace('%', '%25').replace('?', '%3F'), path)}"


def runs_beside(storage: str) -> Path:
    """Return the folder of artifacts next to an SQLite file; in the current folder for other databases."""
    prefix, _, path = storage.partition(":///")
    path = unquote(path.partition("?")[0])
    beside = Path(path).with_suffix(".runs") if prefix.startswith("sqlite") and path else Path("automap.runs")
    return beside.absolute()


def temporary_folder(remote: str) -> Path:
    """Return the local folder for runs in training whose artifacts are kept at a URL."""
    digest = hashlib.sha256(remote.encode()).hexdigest()
    return Path(tempfile.gettempdir(), f"automap-{os.getuid()}", digest[:16])


def studies_beside(studies: tuple[str, ...], folder: Path | None) -> tuple[str, ...]:
    """Return names of studies; paths of spec files start at the spec's folder.

    Raises:
        ValueError: if a name is empty or there twice.
    """
    for index, study in enumerate(studies):
        if not study:
            raise ValueError("the name of a study is empty")
        if study in studies[:index]:
            raise ValueError(f"duplicate study: {shortened(study)}")
    return tuple(str(Path(folder, each).absolute()) if folder and is_spec_file(each) else each for each in studies)


def is_spec_file(study: str) -> bool:
    """Return whether a study is named by its spec file, not by its name."""
    return Path(study).suffix in (".yaml", ".yml") or "/" in study or os.sep in study
