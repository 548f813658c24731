"""Rows of a table as sources of predictions: an image with the other inputs of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from automap.data.columns.encode import encode_cells, missing_input
from automap.data.decode.image import Placed, decode_record
from automap.data.sources.features import BadCell, MissingImage, read_cells
from automap.data.sources.table_rows import table_rows
from automap.exceptions import DataError, UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, ImageInfo
from automap.interfaces.sample import IMAGE, ExtraInput

if TYPE_CHECKING:
    from automap.models.model import LoadedModel

TABLES = frozenset({".csv", ".tsv", ".parquet"})
"""Endings of the names of tables."""


@dataclass(frozen=True)
class Row:
    """An image, if there is one, with other inputs."""

    name: str
    image: Path | bytes | Array | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Numbers, texts and images by the name of the input; those that are left out are missing."""
    fault: str = ""
    """Why the row cannot be used; empty if it can."""


class Table(NamedTuple):
    """The rows of a table."""

    rows: list[Row]
    missing: list[str]
    """Columns of the model that the table lacks."""


class DecodedRow(NamedTuple):
    """The inputs of a row as the network takes them."""

    placed: Placed
    inputs: dict[str, Array]


def is_table(path: Path) -> bool:
    """Return whether a path has the name of a table."""
    return path.suffix.lower() in TABLES


def image_column(model: LoadedModel) -> str:
    """Return the column that named the images of a model's data set."""
    return str(model.card.candidate.get("dataset", {}).get("image_column", IMAGE))


def columns_of_model(info: DataInfo) -> tuple[ExtraInput, ...]:
    """Return the columns that a model reads beside the image."""
    return tuple(
        ExtraInput(name, "image" if isinstance(each, ImageInfo) else each.kind, each.column or name)
        for name, each in info.inputs.items()
        if name != IMAGE
    )


def read_table(path: Path, model: LoadedModel) -> Table:
    """Return the rows of a table with the columns of a model's data set.

    Raises:
        UserError: if the table cannot be read, or has none of the columns.
    """
    try:
        columns, rows = table_rows(path)
        found = list(rows)
    except DataError as error:
        raise UserError(str(error).removeprefix("dataset.path: ")) from None
    image, wanted = image_column(model), columns_of_model(model.info)
    names = [image, *(each.column for each in wanted)]
    missing = [name for name in names if name not in columns]
    if len(missing) == len(names):
        raise UserError(f"{path} has none of the columns that the model reads: {', '.join(names)}")
    return Table([_row(path, line, cells, image, wanted) for line, cells in found], missing)


def _row(path: Path, line: int, cells: Mapping[str, Any] | str, image: str, wanted: Sequence[ExtraInput]) -> Row:
    name = f"{path.name}:{line}"
    if isinstance(cells, str):
        return Row(name, fault=cells)
    text = str(cells.get(image) or "").strip()
    try:
        inputs = read_cells(cells, wanted, path.parent)
    except BadCell as error:
        return Row(text or name, fault=" ".join(f"line {line}: {error.args[0]} {error.args[1]}".split()))
    return Row(text or name, path.parent / text if text else None, inputs)


def row_of(values: Mapping[str, Any], model: LoadedModel, number: int) -> Row:
    """Return a row from Python values by column.

    Args:
        values: ``image``, or the name of its column: a path, an encoded image or pixels; other columns by their name.
        model: the model that reads them.
        number: of the row, from 0; named in errors.

    Raises:
        UserError: if a column is unknown, or a value is not what its column holds.
    """
    column, wanted = image_column(model), columns_of_model(model.info)
    known = {IMAGE, column, *(each.column for each in wanted)}
    if unknown := next((name for name in values if name not in known), None):
        raise UserError(f"row {number}: the model reads no column '{unknown}'; it reads {', '.join(sorted(known))}")
    image = values.get(IMAGE, values.get(column))
    inputs: dict[str, Any] = {}
    try:
        for each in (each for each in wanted if each.column in values):
            value = values[each.column]
            in_memory = each.kind == "image" and isinstance(value, Path | bytes | np.ndarray)
            inputs |= {each.name: value} if in_memory else read_cells(values, [each], Path())
    except BadCell as error:
        raise UserError(f"row {number}: {' '.join(error.args)}".rstrip()) from None
    return Row(f"row {number}", Path(image) if isinstance(image, str) else image, inputs)


def decode_row(row: Row, info: DataInfo) -> DecodedRow:
    """Return the inputs of a row as the network takes them.

    Raises:
        BadImage: if an image cannot be read.
    """
    placed = decode_record(MissingImage() if row.image is None else row.image, info.image)
    found = {IMAGE: placed.pixels}
    for name, each in info.inputs.items():
        if name == IMAGE:
            continue
        if name not in row.inputs:
            found[name] = missing_input(each, 1)[0]
        elif isinstance(each, ImageInfo):
            found[name] = decode_record(row.inputs[name], each).pixels
        else:
            found[name] = encode_cells(each, [row.inputs[name]])[0]
    return DecodedRow(placed, found)


def stacked(rows: Sequence[DecodedRow]) -> dict[str, Array]:
    """Return the inputs of several rows, one or more, as a batch."""
    return {name: np.stack([row.inputs[name] for row in rows]) for name in rows[0].inputs}
