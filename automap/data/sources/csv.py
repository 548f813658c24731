"""A table of image paths with labels or numbers, and with other inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from automap.data.sources.csv_rows import DELIMITERS
from automap.data.sources.feature_types import with_types
from automap.data.sources.features import BadCell, Feature, MissingImage, extra_inputs, missing_cells, read_cells
from automap.data.sources.files import file_record, regular_file
from automap.data.sources.layout import is_image_name, split_named
from automap.data.sources.table_rows import table_rows
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
from automap.interfaces.sample import IMAGE, BadSample, ExtraInput, Sample
from automap.spec.suggest import listed

Columns = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: (value,) if isinstance(value, str) else value, json_schema_input_type=str | list[str]
    ),
]
"""One column or several."""

_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


class Csv(Dataset):
    """A table of image paths and labels or numbers: CSV, TSV, or Parquet (``pip install 'automap[parquet]'``)."""

    path: DataPath = Field(description="the table; image paths are relative to its folder")
    image_column: str = Field("image", description="column of the image path")
    label_column: str = Field("label", description="column of the class, or of several labels with label_separator")
    label_separator: str | None = Field(
        None, min_length=1, description="separator of the labels in a cell, if an image may have several"
    )
    label_columns: Columns | None = Field(
        None, description="columns of 0 and 1, one for each label, if an image may have several"
    )
    number_columns: Columns | None = Field(None, description="columns of the numbers to predict")
    features: tuple[Feature, ...] = Field(
        (),
        max_length=1000,
        description="columns that are inputs beside the image: a name, or {column, type, keep}; a row may lack the "
        "image or any of them",
    )
    group_column: str | None = Field(None, description="column of groups that must stay in one split, such as patients")
    split_column: str | None = Field(None, description="column of the split: train, validation or test")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="separator of the columns; if left out, found in the first line"
    )

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> Self:
        named = [name for name in ("label_separator", "label_columns", "number_columns") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} name different targets; set one of them")
        return self

    @model_validator(mode="after")
    def _features_are_other_columns(self) -> Self:
        names = [feature.column for feature in self.features]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"features: duplicate column '{name}'")
            if name in self._columns_of_targets:
                raise ValueError(f"features: the column '{name}' is a target; the network would only copy it")
            if name in (self.image_column, self.group_column, self.split_column):
                raise ValueError(f"features: the column '{name}' is used already")
        return self

    @model_validator(mode="after")
    def _feature_types(self) -> Self:
        if any(feature.type is None for feature in self.features) and self.path.is_file():
            try:
                found = with_types(self.features, self.path, self.delimiter)
            except DataError as error:
                raise ValueError(f"features: {error}") from None
            # The model is still being built, so changing it is safe.
            self.__dict__["features"] = found
        return self

    @property
    def _columns_of_targets(self) -> tuple[str, ...]:
        several = (*(self.label_columns or ()), *(self.number_columns or ()))
        return several or (self.label_column,)

    @property
    def extra_inputs(self) -> tuple[ExtraInput, ...]:
        """The inputs that `features` names."""
        return extra_inputs(self.features)

    @property
    def target(self) -> str:  # type: ignore[override]  # Other data sets have one kind of target, whatever their fields.
        """The kind of target: ``label``, ``labels`` or ``numbers``, as the columns say."""
        if self.number_columns:
            return "numbers"
        return "labels" if self.label_columns or self.label_separator else "label"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels that columns name, those of no image included; empty if cells name them."""
        return self.label_columns or ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return self.number_columns or ()

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every row of the table.

        Raises:
            DataError: if the table or one of its columns is missing, or it cannot be read.
        """
        regular_file(self.path)
        columns, rows = table_rows(self.path, self.delimiter)
        self._check_columns(columns)
        unread, inputs = _Unread(), self.extra_inputs
        for line, row in rows:
            if isinstance(row, str):
                yield BadSample(f"{self.path.name}:{line}", row)
                continue
            record = self._record(line, row, inputs)
            unread.see(line, row, isinstance(record, Sample))
            yield record
        if self.number_columns:
            unread.refuse(self.path, self.number_columns)

    def _check_columns(self, columns: Sequence[str]) -> None:
        several = {"label_columns": self.label_columns, "number_columns": self.number_columns}
        wanted = [(field, column) for field, names in several.items() for column in names or ()]
        wanted += [("image_column", self.image_column)] + ([] if wanted else [("label_column", self.label_column)])
        wanted += [(field, name) for field in ("group_column", "split_column") if (name := getattr(self, field))]
        wanted += [("features", feature.column) for feature in self.features]
        for field, column in wanted:
            if column not in columns:
                if not any(columns):
                    raise DataError(f"dataset.path: {self.path} is empty; expected a line that names the columns")
                found = listed(columns)
                if any(map(is_image_name, columns)):
                    raise DataError(
                        f"dataset.path: {self.path}:1: the first line must name the columns; it has {found}"
                    )
                raise DataError(
                    f"dataset.{field}: {self.path} has no column '{column}'; it has {found}{_header_hint(columns)}"
                )

    def _record(self, line: int, row: Mapping[str, Any], inputs: Sequence[ExtraInput]) -> Sample | BadSample:
        image = _path(row[self.image_column])
        name = f"{self.path.name}:{line}" if not image else f"{image} (line {line})"
        if not image and not self.features:
            return BadSample(name, "no image named")
        try:
            target = self._target(row)
            extra = read_cells(row, inputs, self.path.parent)
        except NoTarget as error:
            return BadSample(name, str(error))
        except BadCell as error:
            return BadSample(name, *error.args)
        stated = cell_text(row[self.split_column]) if self.split_column else ""
        split = split_named(stated)
        if stated and split is None:
            return BadSample(name, "unknown split", f"'{stated[:40]}'")
        group = cell_text(row[self.group_column]) or None if self.group_column else None
        if not image and len(list(missing_cells(extra))) == len(extra):
            return BadSample(name, "neither an image nor any feature")
        if not image:
            return Sample(name, {IMAGE: MissingImage(), **extra}, target, MissingImage.version, group, split)
        found = file_record(self.path.parent / image, name, target, group=group, split=split, stated=image)
        return found._replace(inputs={**found.inputs, **extra}) if isinstance(found, Sample) else found

    def _target(self, row: Mapping[str, Any]) -> Any:
        if self.number_columns:
            return numbers(row, self.number_columns)
        if self.label_columns:
            return marked_labels(row, self.label_columns)
        if self.label_separator:
            return separated_labels(row, self.label_column, self.label_separator)
        return one_label(row, self.label_column)


def _header_hint(columns: Sequence[str]) -> str:
    """Return what may be wrong with a first line that does not name the expected columns; empty if nothing is known."""
    if columns[0].lower().startswith("sep="):
        return "; remove the line sep=…, which only spreadsheets read"
    other = next((each for each in DELIMITERS if len(columns) == 1 and each in columns[0]), None)
    return f"; its columns seem to be separated by {other!r}: set delimiter" if other else ""


class _Unread:
    """Notices a table without a single usable row, and keeps its first row."""

    def __init__(self) -> None:
        self._first: tuple[int, Mapping[str, Any]] | None = None
        self._used = False

    def see(self, line: int, row: Mapping[str, Any], used: bool) -> None:
        """Take the next row."""
        self._used = self._used or used
        self._first = self._first or (line, row)

    def refuse(self, path: Path, columns: Sequence[str]) -> None:
        """Refuse a table if a column of numbers holds none, instead of calling each row bad.

        Raises:
            DataError: with the first row and its cell.
        """
        if self._used or self._first is None:
            return
        line, row = self._first
        for column in columns:
            try:
                numbers(row, (column,))
            except NoTarget:
                cell = cell_text(row[column])
                hint = "; write decimals with a point" if _COMMA.fullmatch(cell) else ""
                raise DataError(
                    f"dataset.number_columns: {path}:{line}: '{cell}' in the column '{column}' is not a number{hint}, "
                    "and no row has a number in every column; for a column of classes, set label_column"
                ) from None


def _path(value: Any) -> str:
    # As it is written: some systems tell the composed form of a letter in a file's name from the other.
    return value.strip() if isinstance(value, str) else cell_text(value)
