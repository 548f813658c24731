"""The columns of a table that are inputs beside the image."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from automap.data.sources.files import file_record
from automap.data.sources.table_targets import cell_text
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE, BadSample, ExtraInput, InputKind

NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Cells, in lower case, that stand for a missing number."""
MAX_TEXT = 100_000
"""Most characters of a text."""


class Feature(BaseModel):
    """A column of a table that is an input of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str = Field(min_length=1, description="its name")
    type: InputKind | None = Field(
        None, description="number, category, text or image; if left out, found from the first rows of the table"
    )
    keep: float | None = Field(
        None,
        gt=0,
        le=1,
        description="probability with which a training step sees it; if left out, 1 minus input_dropout of the fusion",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data


def extra_inputs(features: Sequence[Feature]) -> tuple[ExtraInput, ...]:
    """Return the inputs that columns give, each with a name of its own.

    Names are those of the columns with ``_`` in place of all but ASCII letters and digits, so that every format of
    exported models can use them.
    """
    found: list[ExtraInput] = []
    taken = {IMAGE}
    for feature in features:
        plain = re.sub(r"[^0-9a-z]+", "_", feature.column.lower()).strip("_")
        base = plain if plain[:1].isalpha() else f"column_{plain}".rstrip("_")
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        found.append(ExtraInput(name, feature.type, feature.column, feature.keep))
    return tuple(found)


class BadCell(Exception):  # noqa: N818
    """A cell cannot be used; the arguments are the reason and the detail of a `BadSample`."""


def read_cells(row: Mapping[str, Any], inputs: Sequence[ExtraInput], folder: Path) -> dict[str, Any]:
    """Return the inputs that the cells of a row give, by name.

    Args:
        row: cells by column.
        inputs: what to read.
        folder: image paths are relative to it.

    Raises:
        BadCell: if a cell is not what its column says.
    """
    return {each.name: _read(row.get(each.column), each, folder) for each in inputs}


def _read(cell: Any, wanted: ExtraInput, folder: Path) -> Any:
    match wanted.kind:
        case "number":
            return number(cell, wanted.column)
        case "image":
            return image_of(cell, wanted.column, folder)
    text = cell_text(cell)
    if len(text) > MAX_TEXT:
        raise BadCell(f"more than {MAX_TEXT:,} characters in the column '{wanted.column}'", "")
    return text


def number(cell: Any, column: str) -> float:
    """Return the number in a cell; NaN if it is missing.

    Raises:
        BadCell: if it is not a finite number.
    """
    text = cell_text(cell)
    if text.lower() in NO_NUMBER:
        return math.nan
    try:
        found = float(text)
    except ValueError:
        found = math.inf
    if not math.isfinite(found) or abs(found) > 3e38:
        raise BadCell(f"not a number in the column '{column}'", f"'{text[:40]}'")
    return found


def image_of(cell: Any, column: str, folder: Path) -> Any:
    """Return the image that a cell names; a `MissingImage` if it is empty.

    Raises:
        BadCell: if there is no such file.
    """
    text = cell.strip() if isinstance(cell, str) else cell_text(cell)
    if not text:
        return MissingImage()
    found = file_record(folder / text, text, None)
    if isinstance(found, BadSample):
        raise BadCell(f"the image in the column '{column}' {found.reason}", text[:80])
    return found.image


class MissingImage:
    """An image that a row does not have: black, which the network of several inputs takes for missing."""

    version = "missing"

    def header(self) -> None:
        """Return None: it has any size."""

    def decode(self, shape: tuple[int, int, int] | None, resize: str) -> Array:
        """Return black pixels, uint8."""
        return np.zeros(shape or (8, 8, 1), np.uint8)


def missing_cells(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the inputs that a sample does not have."""
    for name, value in inputs.items():
        if isinstance(value, MissingImage) or value == "" or (isinstance(value, float) and math.isnan(value)):
            yield name
