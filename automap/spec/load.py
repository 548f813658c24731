"""Reading spec files."""

from __future__ import annotations

import os
from pathlib import Path

from automap.spec.spec import Spec
from automap.spec.yaml import load_yaml

_VARIABLES = {"storage": "AUTOMAP_STORAGE", "cache": "AUTOMAP_SHARED_CACHE"}
"""The environment variables that give fields of a spec their default."""


def load_spec(path: Path | str) -> Spec:
    """Read a spec file; relative paths in it start at its folder.

    A spec that names no database takes ``$AUTOMAP_STORAGE``, so that a URL with a password stays out of files; one
    that names no shared cache takes ``$AUTOMAP_SHARED_CACHE``.

    Raises:
        SpecError: with every problem of the file, each with line, column and what to do.
    """
    source = Path(path)
    document = load_yaml(source)
    data = {"name": source.stem, **environment_fields(), **document.data}
    return Spec.model_validate(data, context={"folder": source.absolute().parent, "document": document})


def environment_fields() -> dict[str, str]:
    """Return the fields of a spec that environment variables set: the database and the shared cache."""
    return {field: value for field, variable in _VARIABLES.items() if (value := os.environ.get(variable))}
