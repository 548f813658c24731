"""The option for the database URL."""

from __future__ import annotations

from typing import Annotated

import typer

StorageOption = Annotated[
    str | None,
    typer.Option(
        help="URL of the database.",
        metavar="URL",
        show_default="the spec's, else $AUTOMAP_STORAGE, else sqlite:///automap.db",
    ),
]
