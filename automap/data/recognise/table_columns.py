"""Analysing the columns of a table by its first rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from automap.data.sources.layout import is_image_name, split_named
from automap.data.sources.table_rows import table_rows
from automap.data.sources.table_targets import NO, YES, cell_text
from automap.exceptions import DataError

ROWS = 10_000
"""Rows that are read."""
SEPARATORS = (";", "|", ",", " ")
"""What may separate the labels in a cell."""
CERTAIN = frozenset({";", "|"})
"""Those that are unlikely within the name of a class."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    cells: tuple[str, ...]
    """The cells that are not empty, of the first `ROWS` rows."""
    rows: tuple[str, ...] = ()
    """The cells of all of these rows."""

    @cached_property
    def distinct(self) -> frozenset[str]:
        """Its distinct cells."""
        return frozenset(self.cells)

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """Its numbers; empty if any cell is not a finite number."""
        try:
            found = tuple(map(float, self.cells))
        except ValueError:
            return ()
        return found if all(map(math.isfinite, found)) else ()

    @property
    def marks(self) -> bool:
        """Whether it contains only yes and no, or 0 and 1."""
        return bool(self.cells) and {cell.lower() for cell in self.distinct} <= YES | NO

    @property
    def real(self) -> bool:
        """Whether it contains fractions."""
        return any(not number.is_integer() for number in self.numbers)

    @property
    def recurs(self) -> bool:
        """Whether its cells occur twice on average, as those of classes do."""
        return 0 < 2 * len(self.distinct) <= len(self.cells)

    @property
    def names_images(self) -> bool:
        """Whether most of its cells are names of image files."""
        return 2 * sum(map(is_image_name, self.cells)) > len(self.cells)

    @property
    def names_splits(self) -> bool:
        """Whether each of its cells names a split."""
        return bool(self.cells) and all(split_named(cell) is not None for cell in self.distinct)

    @cached_property
    def separator(self) -> str | None:
        """What separates the labels in its cells; None if each holds a single one."""
        return next((each for each in SEPARATORS if self._separated_by(each)), None)

    def _separated_by(self, separator: str) -> bool:
        several = [cell for cell in self.distinct if separator in cell]
        if not several or self.numbers:
            return False
        parts = [part.strip() for cell in self.distinct for part in cell.split(separator) if part.strip()]
        if separator in CERTAIN:
            return len(set(parts)) < len(parts)
        # Names of two words have about as many words as there are names; labels are put together in many ways.
        return len(set(parts)) < len(self.distinct)


def read_columns(path: Path, delimiter: str | None = None) -> tuple[Column, ...]:
    """Return the columns of a table.

    Args:
        path: CSV, TSV or Parquet.
        delimiter: separates the columns; None to find it in the first line.

    Raises:
        DataError: if it cannot be read, or has no line beside the names of its columns.
    """
    try:
        names, rows = table_rows(path, delimiter)
        found = list(islice(rows, ROWS))
        first = [row for _, row in found if not isinstance(row, str)]
    except DataError as error:
        raise DataError(str(error).removeprefix("dataset.path: ")) from None  # There is no spec yet.
    if any(map(is_image_name, names)):
        raise DataError(f"the first line of {path} must name the columns, such as image and label; it has {names[0]}")
    if not first and found:
        raise DataError(f"{path}:{found[0][0]}: {found[0][1]}; all {len(found):,} rows have such faults")
    if not first:
        raise DataError(f"{path} is empty; expected a table with a column of images and one of labels or numbers")
    cells = {name: tuple(cell_text(row[name]) for row in first) for name in names}
    return tuple(Column(name, tuple(filter(None, found)), found) for name, found in cells.items())
