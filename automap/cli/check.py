"""``automap check``: validate a spec and show what a search would do, without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from automap.data.prepare import PreparedData
    from automap.data.summary import DataSummary
    from automap.spec.spec import Spec
    from automap.workers.disk_and_memory import Estimate


def check(
    spec: Annotated[Path, typer.Argument(help="The spec file.", metavar="SPEC", show_default=False)],
    data: Annotated[bool, typer.Option("--data/--no-data", help="Read and summarise the data set.")] = True,
    build: Annotated[
        bool,
        typer.Option(
            "--build/--no-build",
            help="Build networks at both ends of every range and for every choice; needs the data.",
        ),
    ] = True,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Decode the data set again, for instance if its cache is damaged.")
    ] = False,
    format_: Annotated[Literal["text", "json"], typer.Option("--format", help="Output format.")] = "text",
) -> None:
    """Validate a spec; show its search space and data.

    Nothing is trained. All problems are reported at once, with line and column.

    Example: automap check specs/digits.yaml
    """
    from automap.api.display import make_display
    from automap.api.search import read_data
    from automap.api.sources import naming_preparation
    from automap.cli.console import print_json
    from automap.search.study import build_sampler
    from automap.spec.errors import SpecError
    from automap.spec.load import load_spec

    try:
        loaded = load_spec(spec)
    except SpecError as error:
        if format_ == "json":
            print_json({"valid": False, "problem_count": error.count, "problems": _problems(error)})
        raise
    build_sampler(loaded, loaded.search.seed)
    if format_ == "text":
        _show_spec(loaded)
    prepared = None
    if data:
        with naming_preparation(loaded, spec.read_text(encoding="utf-8-sig")):
            prepared = read_data(loaded, make_display(progress=True), rebuild=rebuild)
    faults, largest = _build(loaded, prepared) if build and prepared is not None else ((), None)
    if format_ == "json":
        print_json(_report(loaded, prepared, faults, largest))
    elif prepared is not None:
        _show_data(loaded, prepared, largest)
    _raise_faults(spec, faults)


def _build(spec: Spec, data: PreparedData) -> tuple[tuple[str, ...], int]:
    from automap.cli.console import message_console
    from automap.workers.preflight_process import run_preflight

    with message_console().status("building candidates at the boundary of the search space"):
        return run_preflight(spec, data.info)


def _raise_faults(path: Path, faults: Sequence[str]) -> None:
    from automap.exceptions import UserError

    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        count = "1 candidate" if len(faults) == 1 else f"{len(faults)} candidates"
        raise UserError(f"{path}: {count} at the boundary of the search space cannot be built:\n{lines}")


def _estimate(spec: Spec, data: PreparedData, largest: int | None) -> Estimate | None:
    from automap.workers.disk_and_memory import estimate

    return None if largest is None else estimate(spec, data, largest)


def _summarise(data: PreparedData) -> DataSummary:
    from automap.data.summary import summarise

    return summarise(data)


def _show_spec(spec: Spec) -> None:
    from automap.cli import check_view
    from automap.cli.console import output_console

    console = output_console()
    console.print(check_view.resolved_spec(spec, coloured=console.is_terminal), soft_wrap=True)
    console.print(check_view.search_space(spec))
    console.print(check_view.weights(spec))


def _show_data(spec: Spec, data: PreparedData, largest: int | None) -> None:
    from automap.cli import check_view
    from automap.cli.console import output_console

    console = output_console()
    console.print(check_view.data_summary(_summarise(data)))
    if (takes := _estimate(spec, data, largest)) is not None:
        console.print(check_view.needs(takes, int(largest or 0)))


def _report(spec: Spec, data: PreparedData | None, faults: Sequence[str], largest: int | None) -> dict[str, Any]:
    from dataclasses import asdict

    from automap.cli.check_view import known_weights, shown_data
    from automap.spec.draw import searched_spaces
    from automap.spec.space import dump_space

    takes = _estimate(spec, data, largest) if data is not None else None
    return {
        "valid": not faults,
        "problem_count": len(faults),
        "problems": [{"path": None, "line": None, "column": None, "message": fault} for fault in faults],
        "spec": shown_data(spec),
        "search_space": [
            {"name": each.name, "space": dump_space(space), "default": each.default}
            for each, space in searched_spaces(spec)
        ],
        "weights": known_weights(spec),
        "data": None if data is None else asdict(_summarise(data)),
        "largest_network": largest,
        "needs": None if takes is None else asdict(takes),
    }


def _problems(error: Any) -> list[dict[str, Any]]:
    from automap.spec.errors import dotted

    return [
        {
            "path": dotted(problem.path),
            "line": problem.position and problem.position[0],
            "column": problem.position and problem.position[1],
            "message": problem.message,
        }
        for problem in error.problems
    ]
