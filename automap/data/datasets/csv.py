"""A table of image paths and labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
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

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every line of the table.

        Raises:
            DataError: if the table or one of its columns is missing, or it cannot be read.
        """
        if not self.path.is_file():
            raise DataError(f"dataset.path: there is no file {self.path}")
        rows = _parquet_rows(self.path) if self.path.suffix.lower() == ".parquet" else _text_rows(self.path)
        for line, row in rows:
            if line <= 2:
                self._check_columns(row)
            yield self._record(line, row)

    def _check_columns(self, row: Mapping[str, Any]) -> None:
        wanted = {
            "image_column": self.image_column,
            "label_column": self.label_column,
            "group_column": self.group_column,
            "split_column": self.split_column,
        }
        for field, column in wanted.items():
            if column is not None and column not in row:
                raise DataError(
                    f"dataset.{field}: {self.path} has no column '{column}'; it has {', '.join(map(str, row))}"
                )

    def _record(self, line: int, row: Mapping[str, Any]) -> Record | BadRecord:
        image, label = _text(row[self.image_column]), _text(row[self.label_column])
        name = f"{self.path.name}:{line}" if not image else f"{image} (line {line})"
        if not image or not label:
            return BadRecord(name, "no image named" if not image else "no label")
        split = _text(row[self.split_column]).lower() if self.split_column else ""
        if split and split not in SPLIT_FOLDERS:
            return BadRecord(name, f"unknown split '{split}'")
        group = _text(row[self.group_column]) or None if self.group_column else None
        return file_record(self.path.parent / image, name, label, group=group, split=SPLIT_FOLDERS.get(split))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _text_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter, restval="")
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise DataError(f"dataset.path: {path} is not a text in UTF-8 (byte {error.start})") from None
    except csv.Error as error:
        raise DataError(f"dataset.path: {path} is no table: {error}") from None


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError("dataset.path: Parquet needs pyarrow: pip install 'automap[parquet]'") from None
    try:
        table = pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"dataset.path: {path} is no Parquet file: {error}") from None
    line = 1
    for batch in table.iter_batches():
        for row in batch.to_pylist():
            line += 1
            yield line, row
