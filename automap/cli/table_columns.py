"""Which columns of a table name the image, its label, its group and its split."""

from __future__ import annotations

import csv
from pathlib import Path

from automap.exceptions import DataError, UserError
from automap.spec.kinds import Dataset
from automap.spec.plugins import load_plugin

_USUAL = {
    "image": ("image", "file", "filename", "file_name", "filepath", "file_path", "path", "image_path", "img"),
    "label": ("label", "class", "class_name", "category", "target", "species", "diagnosis"),
    "group": ("group", "patient", "patient_id", "subject", "subject_id"),
    "split": ("split", "subset", "partition", "fold"),
}


def table_fields(path: Path) -> dict[str, str]:
    """Return the fields of a ``csv`` data set that name a table's columns, where they are not the defaults.

    Raises:
        DataError: if the table cannot be read, or no column looks like one of images or of labels.
    """
    columns = _columns(path)
    model = load_plugin(Dataset.group, "csv")
    fields: dict[str, str] = {}
    for role, names in _USUAL.items():
        field = next((name for name in (f"{role}_column", role) if name in model.model_fields), None)
        found = next((column for name in names for column in columns if column.lower() == name), None)
        if found is None and role in {"image", "label"}:
            raise DataError(f"{path}: no column looks like the {role}; expected {names[0]}, found {', '.join(columns)}")
        if field is not None and found is not None and model.model_fields[field].default != found:
            fields[field] = found
    return fields


def _columns(path: Path) -> list[str]:
    if path.suffix.lower() == ".parquet":
        return _parquet_columns(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(65536)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a table in UTF-8: {error}") from None
    if not start.strip():
        raise DataError(f"{path} is empty; expected a table with a column of images and one of labels")
    header = start.splitlines()[0]
    delimiter = max(",;\t|", key=header.count)
    return [column.strip() for column in next(csv.reader([header], delimiter=delimiter))]


def _parquet_columns(path: Path) -> list[str]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_schema
    except ImportError:
        raise UserError("Parquet needs an extra: pip install 'automap[parquet]'") from None
    try:
        return [str(name) for name in read_schema(path).names]
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is no Parquet file: {error}") from None
