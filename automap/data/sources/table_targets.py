"""The targets in the cells of a table: a class, several labels, or numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from automap.data.sources.layout import composed

YES = frozenset({"1", "1.0", "true", "yes"})
NO = frozenset({"0", "0.0", "false", "no"})
_WHOLE = re.compile(r"[+-]?[0-9]+\.0+")


class NoTarget(Exception):  # noqa: N818
    """A row has no target; the text is the reason."""


def cell_text(value: Any) -> str:
    """Return a cell as text; a missing one is empty, and whole numbers have no decimals (``1`` for ``1.0``)."""
    # A missing number is None or NaN, which differs from itself; whole ones in a column with gaps are floats.
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = composed((value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip())
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def label_text(value: Any) -> str:
    """Return a class as text; empty if it is missing, also if a program has written that as ``nan``."""
    text = cell_text(value)
    return "" if text.lower() == "nan" else text


def one_label(row: Mapping[str, Any], column: str) -> str:
    """Return the class in a column.

    Raises:
        NoTarget: if the cell is empty, or holds ``nan`` as programs write a missing label.
    """
    if label := label_text(row[column]):
        return label
    raise NoTarget("no label")


def separated_labels(row: Mapping[str, Any], column: str, separator: str) -> tuple[str, ...]:
    """Return the labels in a cell, without duplicates; an empty cell has none."""
    labels = (cell_text(label) for label in cell_text(row[column]).split(separator))
    return tuple(dict.fromkeys(label for label in labels if label))


def marked_labels(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold 1, true or yes.

    Raises:
        NoTarget: if a cell holds anything but these and 0, false or no.
    """
    marks = {column: cell_text(row[column]).lower() for column in columns}
    for column, mark in marks.items():
        if mark not in YES | NO:
            raise NoTarget(f"neither 0 nor 1 in the column '{column}'")
    return tuple(column for column, mark in marks.items() if mark in YES)


def numbers(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers in some columns.

    Raises:
        NoTarget: if a cell is empty or not a finite number.
    """
    return tuple(_number(cell_text(row[column]), column) for column in columns)


def _number(text: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise NoTarget(f"no number in the column '{column}'")
    return number
