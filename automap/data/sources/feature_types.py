"""Finding the types of features from the first rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from automap.data.recognise.table_columns import Column, read_columns
from automap.data.sources.features import NO_NUMBER, Feature
from automap.interfaces.sample import InputKind

MOSTLY = 0.95
"""A column is one of numbers if this share of its cells are; the others are bad cells."""
MOST_CATEGORIES = 1000
WORDS = 3.0
"""Mean number of words of a cell from which a column is one of texts, even if its cells recur."""


def with_types(features: Sequence[Feature], path: Path, delimiter: str | None = None) -> tuple[Feature, ...]:
    """Return features with the types that were left out, found in the first rows of a table.

    Columns that the table lacks keep none: reading the data set reports them.

    Raises:
        DataError: if the table cannot be read.
    """
    columns = {column.name: column for column in read_columns(path, delimiter)}
    return tuple(
        feature.model_copy(update={"type": feature_type(columns[feature.column])})
        if feature.type is None and feature.column in columns
        else feature
        for feature in features
    )


def feature_type(column: Column) -> InputKind:
    """Return what the cells of a column are."""
    if column.cells and column.names_images:
        return "image"
    cells = [cell for cell in column.cells if cell.lower() not in NO_NUMBER]
    if cells and sum(map(is_number, cells)) >= MOSTLY * len(cells):
        return "number"
    words = sum(len(cell.split()) for cell in column.distinct) / max(1, len(column.distinct))
    return "category" if column.recurs and len(column.distinct) <= MOST_CATEGORIES and words < WORDS else "text"


def is_number(cell: str) -> bool:
    """Return whether a cell is a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
