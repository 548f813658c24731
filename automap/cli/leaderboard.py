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
    from sqlalchemy import Engine

    from automap.leaderboard.board import Leaderboard

WATCH_SECONDS = 2.0


class Format(StrEnum):
    """How a leaderboard is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class States(StrEnum):
    """Which trials are listed: ranked ones, all, or only those that ended in one other way."""

    RANKED = "ranked"
    ALL = "all"
    PRUNED = "pruned"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


def leaderboard(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY]...",
            help="Names of studies, or their spec files. Left out: the only study of the database.",
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="Sort by this instead: validation.macro_f1, test.accuracy, cost.latency_ms, parameters.",
            metavar="METRIC",
            show_default=False,
        ),
    ] = None,
    pareto: Annotated[bool, typer.Option("--pareto", help="Show only the Pareto front of the objectives.")] = False,
    limit: Annotated[int, typer.Option(help="Largest number of rows; 0 for all.", min=0)] = 20,
    state: Annotated[
        States, typer.Option(help="Which trials: all of them, or only those that ended otherwise.")
    ] = States.RANKED,
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again whenever it changes, until Ctrl-C.")] = False,
    storage: StorageOption = None,
) -> None:
    """Rank the results of one or more studies.

    Finalists come first, with mean and spread over their seeds. Rows whose difference lies within their
    spread share a rank.

    Example: automap leaderboard specs/digits.yaml --sort test.accuracy
    """
    from automap.cli.selection import open_studies
    from automap.leaderboard.ranking import UNRANKED, rank

    engine, rows = open_studies(studies or [], storage)
    one = state not in (States.RANKED, States.ALL)
    ended = [] if state is States.RANKED else [name for name in UNRANKED if not one or name == state.value]

    def read() -> Leaderboard:
        return rank(
            engine,
            rows,
            sort=sort,
            limit=limit or None,
            pareto=pareto,
            unranked=ended,
            only_unranked=one,
        )

    if watch:
        _watch(read, format_)
    else:
        _write(read(), format_)


def show_leaderboard(engine: Engine, study: str) -> None:
    """Print the leaderboard of a study on standard output, as at the end of a search."""
    from automap.leaderboard.ranking import rank
    from automap.store.studies import find_study

    row = find_study(engine, study)
    if row is None:
        raise LookupError(f"no study '{study}'")
    _write(rank(engine, [row]), Format.TABLE)


def _write(board: Leaderboard, format_: Format) -> None:
    from automap.cli.console import output_console, print_lines

    if format_ is Format.TABLE:
        _draw(output_console(), board)
        return
    from automap.leaderboard import export

    written = {Format.JSON: export.to_json, Format.CSV: export.to_csv, Format.MARKDOWN: export.to_markdown}
    print_lines(written[format_](board))


def _draw(console: Console, board: Leaderboard) -> None:
    from automap.leaderboard.render import leaderboard_table

    console.print(leaderboard_table(board, console.width))


def _watch(read: Callable[[], Leaderboard], format_: Format) -> None:
    from automap.cli.console import output_console
    from automap.exceptions import UserError

    if format_ is not Format.TABLE:
        raise UserError(f"--watch shows a table; received --format {format_}: leave one of the two out")
    console = output_console()
    if console.is_terminal:
        _redraw(console, read)
        return
    shown: Leaderboard | None = None
    while True:
        board = read()
        if board != shown:
            _draw(console, board)
            shown = board
        time.sleep(WATCH_SECONDS)


def _redraw(console: Console, read: Callable[[], Leaderboard]) -> None:
    from rich.live import Live

    from automap.leaderboard.render import leaderboard_table

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(leaderboard_table(read(), console.width), refresh=True)
            time.sleep(WATCH_SECONDS)
