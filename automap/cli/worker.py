"""``automap worker``: join a search that another process or machine has started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def worker(
    spec: Annotated[Path, typer.Argument(help="The spec file.", metavar="SPEC", show_default=False)],
    workers: Annotated[
        str, typer.Option(help="Processes that train at once; auto chooses the number.", metavar="N|auto")
    ] = "1",
    wait: Annotated[
        str, typer.Option(help="How long to wait for a study that does not exist yet (5m).", metavar="T")
    ] = "0s",
) -> None:
    """Join a search that another process or machine has started.

    The worker takes trials from the study's budget until it is spent and the finalists are trained. On Ctrl-C or
    SIGTERM it stops at the next evaluation with exit code 130, and other workers take over its trial.

    Example: automap worker specs/digits.yaml --workers auto --wait 5m
    """
    from automap.api.executors import Workers
    from automap.api.join import join
    from automap.api.search import SearchInterrupted
    from automap.cli.console import say
    from automap.spec.display import shell_quoted

    try:
        join(spec, workers=Workers.parse(workers), wait_seconds=_seconds(wait))
    except SearchInterrupted:
        say("left the search; other workers, or the same command, resume its trials")
        raise typer.Exit(130) from None
    say(f"nothing is left to train; results: automap leaderboard {shell_quoted(spec)}")


def _seconds(wait: str) -> float:
    from automap.exceptions import UserError
    from automap.spec.quantities import parse_duration

    try:
        return float(parse_duration(wait))
    except ValueError as error:
        raise UserError(f"--wait: {error}") from None
