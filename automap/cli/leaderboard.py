"""``automap leaderboard``: rank the results of studies."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from rich.console import Console

    from automap.leaderboard.board import Leaderboard

WATCH_SECONDS = 2.0


class Format(StrEnum):
    """Output formats of a leaderboard."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class States(StrEnum):
    """Which trials to list: ranked ones, all, or only those in one other state."""

    RANKED = "ranked"
    ALL = "all"
    PRUNED = "pruned"
    PAUSED = "paused"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


def leaderboard(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY",
            help="Names of studies, or their spec files.",
            show_default="the only study of the database",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="Sort by another metric: validation.macro_f1, test.accuracy, cost.latency_ms, parameters.",
            metavar="METRIC",
            show_default=False,
        ),
    ] = None,
    pareto: Annotated[bool, typer.Option("--pareto", help="Show only the Pareto front of the objectives.")] = False,
    limit: Annotated[int, typer.Option(help="Maximum number of rows; 0 for all.", min=0)] = 20,
    state: Annotated[
        States, typer.Option(help="Which trials to list: ranked ones, all, or only those in one state.")
    ] = States.RANKED,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    watch: Annotated[bool, typer.Option("--watch", help="Redraw on every change; stop with Ctrl-C.")] = False,
    storage: StorageOption = None,
) -> None:
    """Rank the results of one or more studies.

    Finalists come first, with mean and standard deviation over their seeds. Rows that differ by less than
    their spread share a rank.

    Example: automap leaderboard specs/digits.yaml --sort test.accuracy
    """
    from automap.api.open import open_studies
    from automap.api.study import rank_studies

    opened = open_studies(studies or [], storage)

    def read() -> Leaderboard:
        return rank_studies(opened, sort=sort, limit=limit or None, pareto=pareto, state=state.value)

    if watch:
        _watch(read, format_)
    else:
        _write(read(), format_)


def _write(board: Leaderboard, format_: Format) -> None:
    from automap.cli.console import output_console, print_lines

    if format_ is Format.TABLE:
        output_console().print(board)
        return
    from automap.leaderboard import export

    written = {Format.JSON: export.to_json, Format.CSV: export.to_csv, Format.MARKDOWN: export.to_markdown}
    print_lines(written[format_](board))


def _watch(read: Callable[[], Leaderboard], format_: Format) -> None:
    from automap.cli.console import output_console
    from automap.exceptions import UserError

    if format_ is not Format.TABLE:
        raise UserError(f"--watch shows a table and cannot be combined with --format {format_}")
    console = output_console()
    if console.is_terminal:
        _redraw(console, read)
        return
    shown: Leaderboard | None = None
    while True:
        board = read()
        if board != shown:
            console.print(board)
            shown = board
        time.sleep(WATCH_SECONDS)


def _redraw(console: Console, read: Callable[[], Leaderboard]) -> None:
    from rich.live import Live

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(read(), refresh=True)
            time.sleep(WATCH_SECONDS)
