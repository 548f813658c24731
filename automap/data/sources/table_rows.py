"""The rows of a table: CSV, TSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from automap.data.sources.csv_rows import read_rows
from automap.exceptions import DataError

Rows = Iterator[tuple[int, Mapping[str, Any] | str]]
"""The number of each row's last line, with its cells by column, or the reason why it cannot be used."""


def table_rows(path: Path, delimiter: str | None = None) -> tuple[tuple[str, ...], Rows]:
    """Return the names of a table's columns, and its rows.

    Args:
        path: CSV, TSV or Parquet.
        delimiter: what separates columns; if None, found in the first line.

    Raises:
        DataError: if the table cannot be read, or has two columns of one name.
    """
    if path.suffix.lower() == ".parquet":
        rows = _parquet_rows(path)
        return next(rows), rows
    lines = read_rows(path, delimiter)
    columns = next(lines).cells
    found = ((row.line, row.fault or dict(zip(columns, row.cells, strict=True))) for row in lines)
    return columns, found


def _parquet_rows(path: Path) -> Iterator[Any]:
    """Yield the names of the columns, then each row with its number, from 2 on as in a text."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError("dataset.path: Parquet needs pyarrow: pip install 'automap[parquet]'") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            names = tuple(table.schema_arrow.names)
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise DataError(f"dataset.path: {path}: duplicate column '{twice}'")
            yield names
            line = 1
            for batch in table.iter_batches():
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise DataError(f"dataset.path: {path} is not a Parquet file: {error}") from None
