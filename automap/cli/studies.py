"""``automap studies``: list the studies of a database."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from rich.text import Text

    from automap.store.studies import StudySummary

_STATES = ("complete", "pruned", "infeasible", "failed", "running", "waiting", "paused")


class Format(StrEnum):
    """Output formats of the list."""

    TABLE = "table"
    JSON = "json"


def studies(
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    storage: StorageOption = None,
) -> None:
    """List the studies of a database.

    Example: automap studies --storage sqlite:///automap.db
    """
    from automap.api.open import summarize_studies
    from automap.cli.console import output_console, print_json
    from automap.spec.display import safe_text

    where, found = summarize_studies(storage)
    if format_ is Format.JSON:
        print_json({"storage": where, "studies": [_data(study) for study in found]})
        return
    console = output_console()
    console.print(_table(found))
    console.print(
        safe_text(f"{len(found):,} {'study' if len(found) == 1 else 'studies'} in {where}", "dim"), soft_wrap=True
    )


def _data(study: StudySummary) -> dict[str, Any]:
    return {
        "name": study.name,
        "predecessor": study.predecessor,
        "created": study.created_at.isoformat(timespec="seconds"),
        "objectives": [objective.model_dump() for objective in study.objectives],
        "trials": {state: study.counts.get(state, 0) for state in _STATES},
        "finalist_runs": study.counts.get("final", 0),
        "best": study.best,
    }


def _table(found: list[StudySummary]) -> Text:
    """Return the table as text; for a thousand studies Rich's own tables take a second."""
    from rich.cells import cell_len
    from rich.text import Text

    states = [state for state in _STATES if any(study.counts.get(state) for study in found)]
    titles = ["study", "created", *states, "best", "objective"]
    rows = [_cells(study, states) for study in found]
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    text = Text(no_wrap=True, overflow="ellipsis")
    for number, row in enumerate([titles, *rows]):
        for title, cell, width in zip(titles, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            left = title in ("study", "created", "objective")
            style = "dim" if number == 0 else _COLUMN_STYLES.get(title, "")
            text.append(f"{cell}{space}  " if left else f"{space}{cell}  ", style=style)
        text.append("\n")
        if number == 0:
            text.append("─" * (sum(widths) + 2 * len(widths) - 2) + "\n", style="dim")
    return text


_COLUMN_STYLES = {"study": "cyan", "created": "dim", "best": "bold", "objective": "dim"}


def _cells(study: StudySummary, states: list[str]) -> list[str]:
    from automap.leaderboard.board import MeanStd, objective_measure
    from automap.leaderboard.formatting import format_measured
    from automap.spec.display import escaped

    first = objective_measure(study.objectives[0])
    return [
        escaped(study.name),
        f"{study.created_at.astimezone():%Y-%m-%d %H:%M}",
        *(f"{study.counts.get(state, 0):,}" for state in states),
        format_measured(first, None if study.best is None else MeanStd(study.best, None)),
        escaped(", ".join(objective.metric for objective in study.objectives)),
    ]
