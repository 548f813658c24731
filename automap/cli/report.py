"""``automap report``: a study as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automap.cli.selection import StorageOption


def report(
    study: Annotated[
        str | None,
        typer.Argument(
            help="Name of the study, or its spec file.",
            metavar="STUDY",
            show_default="the only study of the database",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The HTML file to write.", metavar="FILE", show_default="STUDY.html")
    ] = None,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Whether the page shows images of the data set.")
    ] = True,
    storage: StorageOption = None,
) -> None:
    """Write a report of a study as one self-contained HTML page.

    It shows the leaderboard, learning curves, the Pareto front, what the hyperparameters did, how good the winner
    is and where it is wrong.

    Example: automap report specs/digits.yaml --output digits.html
    """
    from automap.api.open import open_study
    from automap.cli.console import say

    opened = open_study(study, storage)
    path = output or Path(f"{opened.name}.html")
    opened.report(path, images=images)
    say(f"wrote {path}")
