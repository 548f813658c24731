"""A table of image paths and labels."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from automap.data.datasets.files import file_record
from automap.data.datasets.folder import SPLIT_FOLDERS
from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record


class Csv(Dataset):
    """A table of image paths and labels: CSV, TSV, or Parquet (``pip install 'automap[parquet]'``)."""

    path: DataPath = Field(description="the table; paths in it start at its folder")
    image_column: str = Field("image", description="column of the image's path")
    label_column: str = Field("label", description="column of the class")
    group_column: str | None = Field(None, description="column of what must not be torn apart, such as a patient")
    split_column: str | None = Field(None, description="column that says train, validation or test")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="what stands between columns; left out: found in the first line"
    )

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every line of the table.

        Raises:
            DataError: if the table or one of its columns is missing, or it cannot be read.
        """
        if not self.path.is_file():
            raise DataError(f"dataset.path: there is no file {self.path}")
        parquet = self.path.suffix.lower() == ".parquet"
        rows = _parquet_rows(self.path) if parquet else _text_rows(self.path, self.delimiter)
        _, columns = next(rows)
        self._check_columns(columns)
        for line, row in rows:
            yield self._record(line, row)

    def _check_columns(self, columns: Collection[str]) -> None:
        wanted = {
            "image_column": self.image_column,
            "label_column": self.label_column,
            "group_column": self.group_column,
            "split_column": self.split_column,
        }
        for field, column in wanted.items():
            if column is not None and column not in columns:
                raise DataError(
                    f"dataset.{field}: {self.path} has no column '{column}'; it has {', '.join(columns) or 'none'}"
                )

    def _record(self, line: int, row: Mapping[str, Any]) -> Record | BadRecord:
        image, label = _path(row[self.image_column]), _text(row[self.label_column])
        name = f"{self.path.name}:{line}" if not image else f"{image} (line {line})"
        if not image or not label:
            return BadRecord(name, "no image named" if not image else "no label")
        split = _text(row[self.split_column]).lower() if self.split_column else ""
        if split and split not in SPLIT_FOLDERS:
            return BadRecord(name, f"unknown split '{split}'")
        group = _text(row[self.group_column]) or None if self.group_column else None
        return file_record(self.path.parent / image, name, label, group=group, split=SPLIT_FOLDERS.get(split))


def _path(value: Any) -> str:
    # As it is written: some systems tell the composed form of a letter in a file's name from the other.
    return value.strip() if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    # A missing number is None or NaN, which differs from itself; whole ones in a column with gaps are floats.
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value).strip())


def _text_rows(path: Path, delimiter: str | None) -> Iterator[tuple[int, Any]]:
    """Yield the names of the columns, then each row by column with the number of its last line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = delimiter or _delimiter(file.readline())
            file.seek(0)
            reader = csv.DictReader(file, delimiter=separator, restval="")
            yield reader.line_num, list(reader.fieldnames or ())
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise DataError(f"dataset.path: {path} is not a text in UTF-8 (byte {error.start})") from None
    except csv.Error as error:
        raise DataError(f"dataset.path: {path} is no table: {error}") from None


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the names of the columns, then each row by column with its number, counted as lines are."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError("dataset.path: Parquet needs pyarrow: pip install 'automap[parquet]'") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            yield 1, list(table.schema_arrow.names)
            line = 1
            for batch in table.iter_batches():
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"dataset.path: {path} is no Parquet file: {error}") from None
