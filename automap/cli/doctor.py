"""``automap doctor``: check a study's records, or this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from rich.table import Table

    from automap.search.consistency import Finding

MAX_EXAMPLES = 5
"""Largest number of problems that are listed for one check."""

_MARKS = {"good": ("✓", "green"), "doubtful": ("!", "yellow"), "bad": ("✗", "red")}
_ASCII_MARKS = {"good": "ok", "doubtful": "!", "bad": "X"}


def doctor(
    study: Annotated[
        str | None,
        typer.Argument(help="Name of the study, or its spec file.", metavar="STUDY", show_default="check this machine"),
    ] = None,
    format_: Annotated[Literal["text", "json"], typer.Option("--format", help="Output format.")] = "text",
    storage: StorageOption = None,
) -> None:
    """Check the records of a study, or check this machine.

    For a study, compares Optuna's trials, automap's results and the files in the run directory. The exit code
    is 1 if there is a problem. Nothing is changed.

    Example: automap doctor specs/digits.yaml
    """
    if study is None:
        _check_machine(format_)
    else:
        _check_study(study, storage, format_)


def _check_study(name: str, storage: str | None, format_: str) -> None:
    from automap.api.open import open_study
    from automap.cli.console import print_json, say

    study = open_study(name, storage)
    findings = study.examine()
    if format_ == "json":
        checks = [{"check": found.check, "number": found.number, "problems": found.problems} for found in findings]
        print_json({"study": study.name, "checks": checks})
    else:
        _print(_rows_of_study(findings))
        if any(found.problems for found in findings) and study.in_training:
            say("Workers are training, and records that they are writing may appear as problems. Check again later.")
    if any(found.problems for found in findings):
        raise typer.Exit(1)


def _check_machine(format_: str) -> None:
    from automap.cli.console import print_json
    from automap.workers.installation import inspect_machine

    conditions = inspect_machine()
    if format_ == "json":
        print_json([{"name": each.name, "state": each.state, "text": each.text} for each in conditions])
    else:
        _print([(each.state, each.name, each.text) for each in conditions])
    if any(each.state == "bad" for each in conditions):
        raise typer.Exit(1)


def _rows_of_study(findings: list[Finding]) -> list[tuple[str, str, str]]:
    rows = []
    for found in findings:
        if not found.problems:
            rows.append(("good", found.check, "" if found.number == 1 else f"{found.number:,} checked"))
            continue
        told = list(found.problems[:MAX_EXAMPLES])
        if (more := len(found.problems) - len(told)) > 0:
            told.append(f"and {more:,} more")
        rows.append(("bad", found.check, "\n".join(told)))
    return rows


def _print(rows: list[tuple[str, str, str]]) -> None:
    from automap.cli.console import output_console

    console = output_console()
    console.print(_table(rows, ascii_only=console.options.ascii_only))


def _table(rows: list[tuple[str, str, str]], *, ascii_only: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    from automap.spec.display import escaped, safe_text

    table = Table.grid(padding=(0, 2))
    for state, name, text in rows:
        mark, style = _MARKS[state]
        table.add_row(
            Text(_ASCII_MARKS[state] if ascii_only else mark, style=style),
            safe_text(name),
            Text(escaped(text, lines=True), style="dim"),
        )
    return table
