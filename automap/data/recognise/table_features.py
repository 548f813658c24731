"""Finding the columns of a table that may be inputs beside the image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from automap.data.recognise.table_columns import Column
from automap.data.sources.feature_types import feature_type

FILLED = 0.5
"""Smallest share of rows in which a column has a value."""
SENTENCE = 2.0
"""Mean number of words of a cell from which a column is one of texts, not of names."""


class Features(NamedTuple):
    """What a spec says about the inputs beside the image."""

    features: list[dict[str, Any]]
    notes: tuple[str, ...]


def table_features(columns: Sequence[Column], targets: Sequence[Column]) -> Features:
    """Return the columns that may be inputs.

    Args:
        columns: those that are neither images, targets, groups nor splits, and do not number rows.
        targets: the columns of the targets.
    """
    wanted = [(column, kind) for column in columns if (kind := _kind(column)) is not None]
    telling = [column.name for column, kind in wanted if kind != "text" and _tells(column, targets)]
    found = [{"column": column.name, "type": kind} for column, kind in wanted if column.name not in telling]
    notes = []
    if found:
        names = ", ".join(each["column"] for each in found)
        notes.append(
            f"assumed: inputs beside the image, known wherever the model is used: {names}; else delete features"
        )
    if telling:
        what = " and ".join(each.name for each in targets)
        notes.append(f"not an input: {', '.join(telling)}, since each value goes with one value of {what} alone")
    return Features(found, tuple(notes))


def _kind(column: Column) -> str | None:
    if len(column.cells) < FILLED * len(column.rows) or len(column.distinct) < 2:
        return None
    kind = feature_type(column)
    if kind == "text":
        words = sum(len(cell.split()) for cell in column.distinct) / len(column.distinct)
        return kind if words >= SENTENCE else None
    return kind


def _tells(column: Column, targets: Sequence[Column]) -> bool:
    """Return whether each value of a column that recurs goes with one target only: it may be made from the target."""
    seen = defaultdict(set)
    for cell, *values in zip(column.rows, *(target.rows for target in targets), strict=True):
        if cell:
            seen[cell].add(tuple(values))
    return column.recurs and all(len(found) == 1 for found in seen.values())
