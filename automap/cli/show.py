"""``automap show``: one trial."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from automap.cli.selection import StorageOption


class Format(StrEnum):
    """How a trial is written."""

    TEXT = "text"
    JSON = "json"


def show(
    study: Annotated[str, typer.Argument(help="Name of the study, or its spec file.", show_default=False)],
    trial: Annotated[int, typer.Argument(help="Number of the trial.", min=0, show_default=False)],
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT,
    storage: StorageOption = None,
) -> None:
    """Show one trial: its hyperparameters, learning curve, metrics, cost and error.

    Example: automap show specs/digits.yaml 12
    """
    from automap.cli.console import output_console, print_json
    from automap.cli.selection import open_studies
    from automap.leaderboard.trial import read_trial

    engine, (row,) = open_studies([study], storage)
    view = read_trial(engine, row, trial)
    if format_ is Format.JSON:
        print_json(view.to_data())
        return
    from automap.leaderboard.trial_render import trial_page

    console = output_console()
    console.print(trial_page(view, console.width, ascii_only=console.options.ascii_only))
