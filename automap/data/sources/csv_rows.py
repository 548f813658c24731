"""Reading CSV and TSV strictly: a row that is damaged is named, and never takes others with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from automap.data.sources.files import regular_file
from automap.data.sources.layout import composed
from automap.exceptions import DataError

MAX_LINE = 1_000_000
"""Most characters of a line."""
DELIMITERS = ",;\t|"
"""What may separate columns, the most likely first."""
MAX_LINES = 100
"""Most lines of a quoted cell."""

FEWER, MORE = "fewer cells than columns", "more cells than columns; a cell with the delimiter needs quotes"
UNCLOSED = "a quote is not closed"
MALFORMED = "a quote within a cell; quote the whole cell, and double the quotes in it"


class Row(NamedTuple):
    """A row of a table."""

    line: int
    """Number of its last line, from 1."""
    cells: tuple[str, ...]
    fault: str = ""
    """Why it cannot be used; empty if it can."""


def read_rows(path: Path, delimiter: str | None) -> Iterator[Row]:
    """Yield the rows of a table, the names of its columns first.

    Args:
        path: CSV or TSV in UTF-8, with or without a byte order mark.
        delimiter: what separates the columns; if None, found in the first line.

    Raises:
        DataError: if it cannot be read, or its first line does not name the columns.
    """
    regular_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _Lines(file, path)
            first = lines.take() or ""
            separator = delimiter or _delimiter(first)
            header = _header(path, lines, first, separator)
            yield header
            while (line := lines.take()) is not None:
                if line.strip():
                    yield _row(lines, line, separator, len(header.cells))
    except UnicodeDecodeError as error:
        raise DataError(f"dataset.path: {path} is not UTF-8 text (byte {error.start}){_encoding(path)}") from None
    except OSError as error:
        raise DataError(f"dataset.path: {path} cannot be read: {error.strerror}") from None


class _Lines:
    """Lines of a file that can be given back."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self.number = 0
        self._file, self._path = file, path
        self._back: list[str] = []

    def take(self) -> str | None:
        """Return the next line; None at the end."""
        line = self._back.pop() if self._back else self._file.readline(MAX_LINE)
        if not line:
            return None
        self.number += 1
        if len(line) >= MAX_LINE:
            raise DataError(f"dataset.path: {self._path}:{self.number}: longer than {MAX_LINE:,} characters")
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        """Take lines back, so that the first of them comes next."""
        self._back.extend(reversed(lines))
        self.number -= len(lines)


def _header(path: Path, lines: _Lines, first: str, separator: str) -> Row:
    row = _row(lines, first, separator, None)
    if row.fault:
        raise DataError(f"dataset.path: {path}:1: {row.fault}")
    names = tuple(composed(name.strip()) for name in row.cells)
    for name in names:
        if name and names.count(name) > 1:
            raise DataError(f"dataset.path: {path}: duplicate column '{name}'")
    return Row(row.line, names)


def _row(lines: _Lines, line: str, separator: str, columns: int | None) -> Row:
    """Read a row that starts with a line; a quoted cell may continue on the following lines."""
    cells = _cells(line, separator)
    if cells is not None:
        fault = "" if columns is None else _miscounted(line, cells, separator, columns)
        return Row(lines.number, () if fault else tuple(cells), fault)
    if _cells(line + '"', separator) is None:
        return Row(lines.number, (), MALFORMED)
    start = lines.number
    taken: list[str] = []
    while len(taken) < MAX_LINES and (following := lines.take()) is not None:
        taken.append(following)
        text = line + "".join(taken)
        cells = _cells(text, separator)
        if cells is not None and columns in {None, len(cells)} and not _is_row(following, separator, columns):
            return Row(lines.number, tuple(cells))
        if cells is not None or _is_row(following, separator, columns) or _cells(text + '"', separator) is None:
            break
    # Read on after this line: what follows are rows of their own, not a part of its last cell.
    lines.give_back(taken)
    return Row(start, (), UNCLOSED)


def _is_row(line: str, separator: str, columns: int | None) -> bool:
    cells = _cells(line, separator)
    return columns is not None and columns > 1 and cells is not None and len(cells) == columns


def _miscounted(line: str, cells: list[str], separator: str, columns: int) -> str:
    """Return what is wrong with the number of cells of a row; empty if nothing is."""
    if len(cells) == columns:
        return ""
    for other in (each for each in DELIMITERS if each != separator):
        if len(_cells(line, other) or ()) == columns:
            return f"separated by {other!r}, but the header by {separator!r}"
    return FEWER if len(cells) < columns else MORE


def _cells(text: str, separator: str) -> list[str] | None:
    """Return the cells of a row; None if its quotes are not closed or misplaced."""
    if '"' not in text:
        return text.rstrip("\r\n").split(separator)
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(2)
    return "; it seems to be UTF-16: save it as UTF-8" if start in {b"\xff\xfe", b"\xfe\xff"} else "; save it as UTF-8"
