"""A table of image paths and what the images show."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from automap.data.sources.files import file_record
from automap.data.sources.folder import SPLIT_FOLDERS
from automap.data.sources.table_targets import (
    NoTarget,
    cell_text,
    marked_labels,
    numbers,
    one_label,
    separated_labels,
)
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample

Columns = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: (value,) if isinstance(value, str) else value, json_schema_input_type=str | list[str]
    ),
]
"""One column or several."""


class Csv(Dataset):
    """A table of image paths and labels or numbers: CSV, TSV, or Parquet (``pip install 'automap[parquet]'``)."""

    path: DataPath = Field(description="the table; paths in it start at its folder")
    image_column: str = Field("image", description="column of the image's path")
    label_column: str = Field("label", description="column of the class, or with label_separator of the labels")
    label_separator: str | None = Field(
        None, min_length=1, description="what stands between labels, where an image may have several"
    )
    label_columns: Columns | None = Field(
        None, description="columns of 0 and 1, one for each label, where an image may have several"
    )
    number_columns: Columns | None = Field(None, description="columns of the numbers to predict")
    group_column: str | None = Field(None, description="column of what must not be torn apart, such as a patient")
    split_column: str | None = Field(None, description="column that says train, validation or test")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="what stands between columns; left out: found in the first line"
    )

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> Self:
        named = [name for name in ("label_separator", "label_columns", "number_columns") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} name different targets; a data set has one of them")
        return self

    @property
    def target(self) -> str:  # type: ignore[override]  # Other data sets have one kind of target, whatever their fields.
        """The kind of target: ``label``, ``labels`` or ``numbers``, as the columns say."""
        if self.number_columns:
            return "numbers"
        return "labels" if self.label_columns or self.label_separator else "label"

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return self.number_columns or ()

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every line of the table.

        Raises:
            DataError: if the table or one of its columns is missing, or it cannot be read.
        """
        if not self.path.is_file():
            raise DataError(f"dataset.path: there is no file {self.path}")
        rows = table_rows(self.path, self.delimiter)
        _, columns = next(rows)
        self._check_columns(columns)
        unread = _Unread()
        for line, row in rows:
            record = self._record(line, row)
            unread.see(line, row, isinstance(record, Sample))
            yield record
        if self.number_columns:
            unread.refuse(self.path, self.number_columns)

    def _check_columns(self, columns: Collection[str]) -> None:
        several = {"label_columns": self.label_columns, "number_columns": self.number_columns}
        wanted = [(field, column) for field, names in several.items() for column in names or ()]
        wanted += [("image_column", self.image_column)] + ([] if wanted else [("label_column", self.label_column)])
        wanted += [(field, name) for field in ("group_column", "split_column") if (name := getattr(self, field))]
        for field, column in wanted:
            if column not in columns:
                raise DataError(
                    f"dataset.{field}: {self.path} has no column '{column}'; it has {', '.join(columns) or 'none'}"
                )

    def _record(self, line: int, row: Mapping[str, Any]) -> Sample | BadSample:
        image = _path(row[self.image_column])
        name = f"{self.path.name}:{line}" if not image else f"{image} (line {line})"
        if not image:
            return BadSample(name, "no image named")
        try:
            target = self._target(row)
        except NoTarget as error:
            return BadSample(name, str(error))
        split = cell_text(row[self.split_column]).lower() if self.split_column else ""
        if split and split not in SPLIT_FOLDERS:
            return BadSample(name, f"unknown split '{split}'")
        group = cell_text(row[self.group_column]) or None if self.group_column else None
        return file_record(self.path.parent / image, name, target, group=group, split=SPLIT_FOLDERS.get(split))

    def _target(self, row: Mapping[str, Any]) -> Any:
        if self.number_columns:
            return numbers(row, self.number_columns)
        if self.label_columns:
            return marked_labels(row, self.label_columns)
        if self.label_separator:
            return separated_labels(row, self.label_column, self.label_separator)
        return one_label(row, self.label_column)


class _Unread:
    """Notices a table of whose lines none can be used, and what stands in the first."""

    def __init__(self) -> None:
        self._first: tuple[int, Mapping[str, Any]] | None = None
        self._used = False

    def see(self, line: int, row: Mapping[str, Any], used: bool) -> None:
        """Take the next line."""
        self._used = self._used or used
        self._first = self._first or (line, row)

    def refuse(self, path: Path, columns: Sequence[str]) -> None:
        """Refuse a table if a column of numbers is none, rather than say so of each line.

        Raises:
            DataError: with the line and what it has.
        """
        if self._used or self._first is None:
            return
        line, row = self._first
        for column in columns:
            try:
                numbers(row, (column,))
            except NoTarget:
                raise DataError(
                    f"dataset.number_columns: {path}:{line}: '{cell_text(row[column])}' in the column '{column}' is no "
                    "number, and no other line has a number in every column; a column of classes is a label_column"
                ) from None


def _path(value: Any) -> str:
    # As it is written: some systems tell the composed form of a letter in a file's name from the other.
    return value.strip() if isinstance(value, str) else cell_text(value)


def table_rows(path: Path, delimiter: str | None = None) -> Iterator[tuple[int, Any]]:
    """Yield the names of a table's columns, then each row by column, each with the number of its last line.

    Args:
        path: CSV, TSV or Parquet.
        delimiter: what stands between columns; left out, found in the first line.

    Raises:
        DataError: if it cannot be read.
    """
    return _parquet_rows(path) if path.suffix.lower() == ".parquet" else _text_rows(path, delimiter)


def _text_rows(path: Path, delimiter: str | None) -> Iterator[tuple[int, Any]]:
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
