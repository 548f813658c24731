"""``automap show``: show one trial."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from automap.cli.selection import StorageOption


class Format(StrEnum):
    """Output formats of a trial."""

    TEXT = "text"
    JSON = "json"


def show(
    study: Annotated[
        str, typer.Argument(help="Name of the study, or its spec file.", metavar="STUDY", show_default=False)
    ],
    trial: Annotated[int, typer.Argument(help="Number of the trial.", metavar="TRIAL", min=0, show_default=False)],
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
    storage: StorageOption = None,
) -> None:
    """Show a trial: hyperparameters, learning curve, metrics, costs.

    Example: automap show specs/digits.yaml 12
    """
    from automap.api.open import open_study
    from automap.cli.console import output_console, print_json

    view = open_study(study, storage).trial(trial)
    if format_ is Format.JSON:
        print_json(view.to_data())
        return
    output_console().print(view)
