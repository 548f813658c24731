"""``automap search``: run or resume a search."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from automap.api.study import Study


def search(
    spec: Annotated[
        str, typer.Argument(help="The spec file, or a folder of images.", metavar="SPEC|FOLDER", show_default=False)
    ],
    trials: Annotated[
        str | None,
        typer.Option(help="Number of trials in total (30) or in addition (+10); overrides the spec.", metavar="N|+N"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Time in total (2h) or in addition (+20m); overrides the spec.", metavar="T|+T"),
    ] = None,
    workers: Annotated[
        str, typer.Option(help="Processes that train at once; auto chooses the number.", metavar="N|auto")
    ] = "1",
    executor: Annotated[
        Literal["local", "ray"], typer.Option(help="Where workers run: on this machine or on a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="Address of the Ray cluster.", metavar="HOST:PORT", show_default="start one here"),
    ] = None,
    cpus: Annotated[float, typer.Option(help="Processors for each worker on Ray.", min=0.1)] = 2.0,
    gpus: Annotated[
        float | None,
        typer.Option(help="GPUs for each worker on Ray; 0.5 for two on one GPU.", min=0.0, show_default="1 if any"),
    ] = None,
    evolve: Annotated[
        bool,
        typer.Option(
            "--evolve", help="If the search space has changed, continue with the trials that are still valid."
        ),
    ] = False,
) -> None:
    """Run or resume a search.

    For a folder of images, a spec is written first, as `automap init` would do.

    Example: automap search specs/digits.yaml --trials +10
    """
    from automap.api.display import make_display
    from automap.api.elapsed import process_start
    from automap.api.executors import Workers
    from automap.api.limits import parse_limits
    from automap.api.search import SearchInterrupted, search_source
    from automap.api.sources import read_source, spec_file
    from automap.cli.console import say
    from automap.spec.display import shell_quoted

    asked = Workers(Workers.parse(workers).number, executor, address, cpus, gpus)
    path = spec_file(spec)
    if path != Path(spec):
        say(f"using the spec {path}")
    try:
        source = read_source(path, None, {})
        limits = parse_limits(trials, time)
        study = search_source(source, limits, asked, make_display(True), process_start(), evolve=evolve)
    except SearchInterrupted as interrupted:
        _report(interrupted.study, path)
        say(f"stopped; resume with: automap search {shell_quoted(path)}")
        raise typer.Exit(130) from None
    _report(study, path)
    if study.winner is None:
        _raise_nothing_completed(study, path)


def _report(study: Study, path: Path) -> None:
    from automap.cli.console import output_console, say
    from automap.spec.display import shell_quoted

    output_console().print(study.leaderboard())
    say("")
    if (winner := study.winner) is not None:
        say(f"winner:  {winner}")
        say(f"  predict:        automap predict {shell_quoted(winner)} IMAGE…")
    say(f"  show a trial:   automap show {shell_quoted(path)} TRIAL")


def _raise_nothing_completed(study: Study, path: Path) -> None:
    from automap.exceptions import RunError
    from automap.spec.display import shell_quoted
    from automap.spec.quantities import format_duration

    if (missing := study.missing_seconds) is not None:
        more = max(30, 10 * math.ceil(missing / 10))
        raise RunError(
            f"The time budget of {format_duration(missing)} ended before the first trial could be evaluated. On this "
            f"machine it takes about {format_duration(missing + more)}. To continue: "
            f"automap search {shell_quoted(path)} --time +{more}s"
        )
    raise RunError(f"No trial completed. To see why: automap leaderboard {shell_quoted(path)} --state all")
