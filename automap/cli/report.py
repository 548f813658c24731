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
        Path | None,
        typer.Option(
            help="The HTML file to write; with other formats, a folder.",
            metavar="PATH",
            show_default="STUDY.html, STUDY-FORMAT",
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="html, or a tracking tool to copy the trials to: tensorboard, mlflow, wandb, a plugin's."
        ),
    ] = "html",
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Whether the page shows images of the data set.")
    ] = True,
    storage: StorageOption = None,
) -> None:
    """Write a report of a study as one HTML page, or copy its trials to a tracking tool.

    The page shows the leaderboard, learning curves, the Pareto front, what the hyperparameters did, how good the
    winner is and where it is wrong. With --format tensorboard, mlflow or wandb, the trials are written to a folder in
    that tool's format, with hyperparameters, curves and metrics; nothing is sent anywhere.

    Example: automap report specs/digits.yaml --output digits.html
    """
    from automap.api.open import open_study
    from automap.cli.console import say
    from automap.cli.predict import without_tensorflow_messages

    opened = open_study(study, storage)
    if format_ == "html":
        path = output or Path(f"{opened.name}.html")
        opened.report(path, images=images)
        say(f"wrote {path}")
        return
    folder = output or Path(f"{opened.name}-{format_}")
    with without_tensorflow_messages():
        trials = opened.track(format_, folder)
    say(f"wrote {trials:,} trials to {folder}")
