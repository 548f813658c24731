"""Sources of a search: a spec file, a `Spec`, a folder or table of images, or arrays in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automap.api.arrays import store_arrays
from automap.exceptions import DataError, UserError
from automap.spec.display import shell_quoted
from automap.spec.load import environment_fields, load_spec
from automap.spec.spec import Spec
from automap.spec.yaml import dump_yaml

DATA_SUFFIXES = frozenset({".csv", ".parquet", ".npz"})
"""Suffixes of data files; every other file is read as a spec."""

_PREPARATION = re.compile(r"^#\s*(python \S*make_data\.py\b.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A spec and its text."""

    spec: Spec
    text: str
    path: Path | None = None
    """The file of the spec; None if it was made in Python."""


def read_source(source: Any, labels: Any = None, fields: Mapping[str, Any] | None = None) -> Source:
    """Return the spec of a search.

    Args:
        source: the path of a spec, a `Spec`, a folder or table of images, or an array of images.
        labels: labels of the images; only if `source` is an array.
        fields: further fields of the spec; only if `source` is an array.

    Raises:
        SpecError: if the spec is not valid.
        UserError: if `source` is none of these.
    """
    is_path = isinstance(source, str | Path)
    if fields and (is_path or isinstance(source, Spec)):
        raise UserError(f"set '{next(iter(fields))}' in the spec; fields can be passed as arguments only with arrays")
    if labels is not None and (is_path or isinstance(source, Spec)):
        raise UserError("labels can only be passed with an array of images")
    if isinstance(source, Spec):
        return Source(source, dump_yaml(source.to_data()))
    if is_path:
        path = spec_file(source)
        return Source(load_spec(path), path.read_text(encoding="utf-8"), path)
    return _from_arrays(source, labels, fields or {})


def _from_arrays(images: Any, labels: Any, fields: Mapping[str, Any]) -> Source:
    path = store_arrays(images, labels)
    written = {"name": f"arrays-{path.stem[:8]}", **fields, "dataset": {"type": "npz", "path": str(path)}}
    if isinstance(given := fields.get("dataset"), Mapping):
        # Fields of the data set, such as splits and image_size, may be given.
        written["dataset"] = {**given, **written["dataset"]}
    spec = Spec.model_validate({**environment_fields(), **written}, context={"folder": Path().absolute()})
    return Source(spec, dump_yaml(written))


@contextmanager
def naming_preparation(spec: Spec, text: str) -> Iterator[None]:
    """If the data is missing, add to the error the command that creates it, taken from a comment of the spec.

    Args:
        spec: the spec.
        text: the spec's text, for instance with ``#   python examples/make_data.py detection data/digits``.
    """
    try:
        yield
    except DataError as error:
        path = getattr(spec.dataset, "path", None)
        command = _PREPARATION.search(text)
        if command is None or path is None or Path(path).exists():
            raise
        raise DataError(f"{error}; create it with: {command[1].strip()}") from None


def spec_file(source: str | Path) -> Path:
    """Return the spec file of a path: the path itself, or for images the spec that `init` would write.

    An existing spec is used unchanged, so that the same command resumes its search.

    Raises:
        UserError: if the spec cannot be written, or a file of its name describes other data.
    """
    if source == "":
        raise UserError("the path of the spec is empty")
    path = Path(source)
    if not (path.is_dir() or path.suffix.lower() in DATA_SUFFIXES):
        return path
    from automap.data.recognise.proposal import propose_spec

    output = Path(f"{_study_name(path)}.yaml")
    if output.exists():
        _must_be_about(output, path)
        return output
    return propose_spec(path, output).write()


def _study_name(path: Path) -> str:
    stem = path.resolve().stem if path.suffix.lower() in DATA_SUFFIXES else path.resolve().name
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100] or "study"


def _must_be_about(spec: Path, data: Path) -> None:
    found = getattr(load_spec(spec).dataset, "path", None)
    if found is None or not _same_or_below(Path(found), data):
        raise UserError(
            f"{spec} exists already and describes other data ({found}); write a spec with another name: "
            f"automap init {shell_quoted(data)} --output FILE"
        )


def _same_or_below(path: Path, folder: Path) -> bool:
    # An annotation file or a table may be inside the given folder.
    return path.resolve() == folder.resolve() or folder.resolve() in path.resolve().parents
