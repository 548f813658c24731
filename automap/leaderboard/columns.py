"""The columns of a leaderboard, and the choice of those that fit a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len

from automap.leaderboard.formatting import (
    NOTHING,
    SEPARATOR,
    describe_compression,
    differing_tokens,
    format_measured,
)
from automap.spec.display import escaped
from automap.store.rankings import Measure

if TYPE_CHECKING:
    from automap.leaderboard.board import Leaderboard, Row

GAP = 2
"""Spaces between columns."""

CANDIDATE = "hyperparameters"
# Enough for the architecture, the optimizer and its learning rate.
_CANDIDATE_MINIMUM = 26
_ALWAYS = 0


@dataclass(frozen=True)
class Column:
    """One column: its title and a cell for each row."""

    title: str
    cells: tuple[str, ...]
    priority: int
    """Columns with the largest number are left out first if the width is too small; those with 0 never."""
    justify: Literal["left", "right"] = "right"
    emphasis: Literal["main", "normal", "aside"] = "normal"

    @property
    def width(self) -> int:
        """Width of the widest cell, in characters."""
        return max(cell_len(text) for text in (self.title, *self.cells))

    def aligned(self, text: str) -> str:
        """Pad a cell; Rich would strip the spaces that align numbers with a spread and numbers without."""
        return text if self.justify == "left" else " " * (self.width - cell_len(text)) + text


def fitting_columns(board: Leaderboard, width: int) -> list[Column]:
    """Return the columns that fit, with candidates truncated after a whole hyperparameter.

    Args:
        board: the leaderboard.
        width: of a line, in characters.
    """
    columns = _columns(board)
    while _needed(columns) > width and any(column.priority for column in columns):
        least = max(columns, key=lambda column: column.priority)
        columns = [column for column in columns if column is not least]
    for index, column in enumerate(columns):
        if column.title == CANDIDATE:
            # The rest of the line.
            room = width - _needed([*columns[:index], *columns[index + 1 :]]) - GAP
            columns[index] = _candidate_column(board, max(room, _CANDIDATE_MINIMUM))
    return columns


def all_columns(board: Leaderboard) -> list[Column]:
    """Return every column, with full candidates."""
    return _columns(board, None)


def _columns(board: Leaderboard, candidate_width: int | None = _CANDIDATE_MINIMUM) -> list[Column]:
    rows = board.rows
    shown = {measure.name for measure in board.measures if measure.group == "cost"}
    columns = [Column("rank", _ranks(rows), _ALWAYS)]
    if len(board.studies) > 1:
        columns.append(Column("study", tuple(escaped(row.study) for row in rows), _ALWAYS, "left"))
    columns.append(Column("trial", tuple(str(row.trial) for row in rows), _ALWAYS))
    columns.append(Column("state", tuple(row.state for row in rows), 2 if _any_unranked(rows) else 9, "left"))
    if board.sort is not None and board.sort not in board.measures:
        shown.add(board.sort.name)
        columns.append(_measure_column(rows, board.sort, _ALWAYS))
    columns += [_measure_column(rows, measure, _ALWAYS) for measure in board.measures]
    columns += _test_columns(board)
    if len({row.seeds for row in rows if row.state == "finalist"}) > 1:
        columns.append(Column("seeds", tuple(str(row.seeds) for row in rows), 3))
    columns.append(_candidate_column(board, candidate_width))
    costs = (("parameters", 5), ("latency_ms", 6), ("train_seconds", 7))
    columns += [_cost_column(rows, name, priority) for name, priority in costs if name not in shown]
    return [column for column in columns if column.priority == _ALWAYS or set(column.cells) - {NOTHING}]


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _ranks(rows: Sequence[Row]) -> tuple[str, ...]:
    ranks = [row.rank for row in rows]
    return tuple(NOTHING if rank is None else f"{'=' * (ranks.count(rank) > 1)}{rank}" for rank in ranks)


def _any_unranked(rows: Sequence[Row]) -> bool:
    return any(row.rank is None for row in rows)


def _measure_column(rows: Sequence[Row], measure: Measure, priority: int) -> Column:
    arrow = "↑" if measure.direction == "maximize" else "↓"
    name = _COST_TITLES.get(measure.name, measure.name)
    title = f"test {name} {arrow}" if measure.group == "test" else f"{name} {arrow}"
    return Column(title, _cells(rows, measure), priority, emphasis="main")


def _test_columns(board: Leaderboard) -> list[Column]:
    tests = [Measure("test", measure.name, measure.direction) for measure in board.measures if measure.group != "cost"]
    return [
        Column(f"test {measure.name}", _cells(board.rows, measure), 1)
        for measure in tests
        if measure != board.sort and any(row.test for row in board.rows)
    ]


_COST_TITLES = {"parameters": "params", "latency_ms": "latency", "train_seconds": "training"}


def _cost_column(rows: Sequence[Row], name: str, priority: int) -> Column:
    cells = _cells(rows, Measure("cost", name, "minimize"))
    return Column(_COST_TITLES[name], cells, priority, emphasis="aside")


def _cells(rows: Sequence[Row], measure: Measure) -> tuple[str, ...]:
    cells = [format_measured(measure, row.measured(measure)) for row in rows]
    spread = max((len(cell) - cell.index("±") + 1 for cell in cells if "±" in cell), default=0)
    # Align the digits of numbers with and without a spread.
    return tuple(cell if "±" in cell or cell == NOTHING else cell + " " * spread for cell in cells)


def _candidate_column(board: Leaderboard, width: int | None) -> Column:
    candidates = differing_tokens([row.candidate for row in board.rows])
    cells = tuple(_cut(_described(row, tokens), width) for row, tokens in zip(board.rows, candidates, strict=True))
    return Column(CANDIDATE, cells, 4, "left", "aside")


def _described(row: Row, tokens: Sequence[str]) -> list[str]:
    if row.members:
        shares = ", ".join(f"{member['trial']} ({member['weight']:.0%})" for member in row.members)
        return [f"ensemble of trials {shares}"]
    if row.compression is not None:
        return [escaped(f"trial {row.trial}, {describe_compression(row.compression)}")]
    return [escaped(token) for token in ((row.reason, *tokens) if row.reason else tokens)]


def _cut(tokens: Sequence[str], width: int | None) -> str:
    """Join as many tokens as fit, with an ellipsis if there are more."""
    whole = SEPARATOR.join(tokens)
    if width is None or cell_len(whole) <= width:
        return whole
    for count in range(len(tokens) - 1, 0, -1):
        text = f"{SEPARATOR.join(tokens[:count])} …"
        if cell_len(text) <= width:
            return text
    return f"{whole[: width - 1]}…"
