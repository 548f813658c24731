"""``automap studies``: what a database holds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from rich.table import Table

    from automap.store.studies import StudySummary

_STATES = ("complete", "pruned", "infeasible", "failed", "running", "waiting")


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    JSON = "json"


def studies(
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    storage: StorageOption = None,
) -> None:
    """List the studies of a database.

    Example: automap studies --storage sqlite:///automap.db
    """
    import json

    from automap.cli.console import output_console
    from automap.cli.selection import default_storage
    from automap.store.engine import display_url, read_database
    from automap.store.studies import list_studies

    engine = read_database(storage or default_storage())
    found, where = list_studies(engine), display_url(engine.url)
    if format_ is Format.JSON:
        typer.echo(json.dumps({"storage": where, "studies": [_data(study) for study in found]}, indent=2))
        return
    console = output_console()
    console.print(_table(found))
    console.print(f"\n{len(found):,} in {where}", style="dim", soft_wrap=True)


def _data(study: StudySummary) -> dict[str, Any]:
    return {
        "name": study.name,
        "created": study.created_at.isoformat(timespec="seconds"),
        "objectives": [objective.model_dump() for objective in study.objectives],
        "trials": {state: study.counts.get(state, 0) for state in _STATES},
        "finalist_runs": study.counts.get("final", 0),
        "best": study.best,
    }


def _table(found: list[StudySummary]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from automap.leaderboard.board import Estimate, objective_measure
    from automap.leaderboard.numbers import format_measured

    states = [state for state in _STATES if any(study.counts.get(state) for study in found)]
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim"
    )
    table.add_column("study", style="cyan", overflow="fold")
    table.add_column("created", style="dim", no_wrap=True)
    for title in (*states, "best"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("objective", style="dim", no_wrap=True)
    for study in found:
        first = objective_measure(study.objectives[0])
        best = format_measured(first, None if study.best is None else Estimate(study.best, None))
        counts = [f"{study.counts.get(state, 0):,}" for state in states]
        created = f"{study.created_at.astimezone():%Y-%m-%d %H:%M}"
        names = ", ".join(objective.metric for objective in study.objectives)
        table.add_row(Text(study.name), created, *counts, Text(best, style="bold"), names)
    return table
