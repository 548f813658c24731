"""``automap browse``: studies and their trials in the terminal, live."""

from __future__ import annotations

from typing import Annotated

import typer

from automap.cli.selection import StorageOption


def browse(
    study: Annotated[
        str | None,
        typer.Argument(
            help="Name of the study to open, or its spec file.",
            metavar="[STUDY]",
            show_default="the list of studies",
        ),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Browse studies and trials in the terminal.

    Sort, filter, compare two trials, extend or stop the search: the keys are shown at the bottom.

    Example: automap browse specs/digits.yaml
    """
    from automap.api.browse import browse as browse_studies

    browse_studies(study, storage)
