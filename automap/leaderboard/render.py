"""Leaderboards in a terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automap.leaderboard.columns import Column, fitting_columns
from automap.spec.display import escaped
from automap.store.runs import MADE_KINDS

if TYPE_CHECKING:
    from automap.leaderboard.board import Leaderboard, Row

_STATE_STYLES = {"paused": "cyan", "failed": "red", "infeasible": "magenta", "pruned": "yellow"}


def leaderboard_table(board: Leaderboard, width: int) -> RenderableType:
    """Return a leaderboard for Rich to print, at most `width` characters wide."""
    parts: list[RenderableType] = [_title(board)]
    parts.append(_table(board, fitting_columns(board, width)) if board.rows else _nothing(board))
    parts += [Text(line, style="dim") for line in notes(board)]
    return Group(*parts)


def notes(board: Leaderboard) -> list[str]:
    """Return the notes below a leaderboard, one line each."""
    lines = [_counts(board)]
    ranked = [row for row in board.rows if row.rank is not None]
    if ranked and len(ranked) < board.ranked:
        lines.append(f"showing {len(ranked)} of {board.ranked:,} ranked rows; show all with --limit 0")
    seeds = sorted({row.seeds for row in ranked if row.state == "finalist" and row.seeds > 1})
    if seeds:
        over = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        once = (
            "; rows without ± were trained once"
            if any(row.seeds == 1 and row.state not in MADE_KINDS for row in ranked)
            else ""
        )
        lines.append(f"± standard deviation over {over} seeds{once}")
    if {"finalist", "complete"} <= {row.state for row in ranked}:
        lines.append("only finalists are evaluated on the test split")
    shared = any(one.rank == other.rank for one, other in pairwise(ranked))
    if shared and len(board.objectives) == 1:
        lines.append("= tied: the difference is within the spread")
    elif shared and board.sort is None:
        lines.append("= tied: none is better in all objectives")
    return lines


def _title(board: Leaderboard) -> Text:
    text = Text("\n")
    text.append(escaped(" + ".join(board.studies)), style="bold cyan")
    goals = ", ".join(f"{objective.direction} {objective.metric}" for objective in board.objectives)
    text.append(f"   {'Pareto front: ' if board.pareto else ''}{goals}", style="dim")
    if board.sort is not None:
        text.append(f"   sorted by {board.sort.group}.{board.sort.name}", style="dim")
    return text


def _nothing(board: Leaderboard) -> Text:
    if board.sort is not None and board.sort.group == "test":
        return Text("\nno finalist has been tested yet\n")
    if board.counts.get("complete"):
        return Text("\nno trial has ended this way\n")
    return Text("\nno trial has completed yet\n")


def _table(board: Leaderboard, columns: list[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.aligned(column.title), no_wrap=True)
    for index, row in enumerate(board.rows):
        cells = [_cell(column, row, column.aligned(column.cells[index])) for column in columns]
        table.add_row(*cells, style=_row_style(row), end_section=_ends_section(board, index))
    return table


def _cell(column: Column, row: Row, text: str) -> Text:
    if column.title == "state":
        return Text(text, style=_STATE_STYLES.get(row.state, ""))
    if column.emphasis == "aside":
        # Secondary columns stay dim in a bold row.
        return Text(text, style="not bold dim")
    return Text(text, style="bold green" if row.rank == 1 and column.emphasis == "main" else "")


def _row_style(row: Row) -> str:
    if row.rank == 1:
        return "bold"
    return "dim" if row.rank is None else ""


def _ends_section(board: Leaderboard, index: int) -> bool:
    if board.sort is not None or board.pareto or index + 1 >= len(board.rows):
        return False
    row, following = board.rows[index], board.rows[index + 1]
    tested = ("finalist", *MADE_KINDS)
    finalists_end = row.state in tested and following.state not in tested
    return finalists_end or (row.rank is not None and following.rank is None)


def _counts(board: Leaderboard) -> str:
    ended = ("complete", "pruned", "infeasible", "failed")
    number = sum(board.counts.get(name, 0) for name in ended)
    line = f"{number:,} trial{'s' * (number != 1)} ended"
    for names, separator in ((ended, ": "), (("running", "waiting", "paused"), "; ")):
        if parts := [f"{board.counts[name]:,} {name}" for name in names if board.counts.get(name)]:
            line += separator + " · ".join(parts)
    return line
