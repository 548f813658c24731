"""``automap check``: validate a spec and show what a search would do, without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from automap.api.check import BuiltNetworks, SpecCheck
    from automap.data.summary import DataSummary
    from automap.search.evidence import Earlier


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
    labels: Annotated[
        str | None,
        typer.Option(
            help="List doubtful labels, judged on the features of this model: a folder or URL, STUDY or STUDY:TRIAL.",
            metavar="MODEL",
            show_default=False,
        ),
    ] = None,
    labels_output: Annotated[
        Path | None, typer.Option(help="Write all doubtful labels as CSV.", metavar="FILE", show_default=False)
    ] = None,
    format_: Annotated[Literal["text", "json"], typer.Option("--format", help="Output format.")] = "text",
) -> None:
    """Validate a spec; show its search space and data.

    Nothing is trained. All problems are reported at once, with line and column. With --labels, records whose label is
    probably wrong are listed: predictions of classifiers that have not seen the record contradict it.

    Example: automap check specs/digits.yaml
    """
    from automap.api.check import check as check_spec
    from automap.cli.console import message_console, print_json, say
    from automap.cli.doubtful_labels import check_options, judge_labels, show_labels
    from automap.spec.errors import SpecError

    check_options(labels, labels_output, data=data)
    try:
        checked = check_spec(spec)
    except SpecError as error:
        if format_ == "json":
            print_json({"valid": False, "problem_count": error.count, "problems": _problems(error)})
        raise
    if format_ == "text":
        _show_spec(checked)
    summary = checked.read_data(rebuild=rebuild) if data else None
    for warning in checked.check_storage():
        say(f"warning: {warning}", "yellow")
    earlier = checked.warm_start() if data else []
    networks = None
    if data and build:
        with message_console().status("building candidates at the boundary of the search space"):
            networks = checked.build_networks()
    doubtful = None if labels is None else judge_labels(checked, labels, labels_output)
    if format_ == "json":
        print_json(checked.to_data())
    elif summary is not None:
        _show_data(checked, summary, networks)
        if doubtful is not None:
            show_labels(doubtful, sum(summary.records.values()))
        _show_earlier(earlier)
    _raise_faults(spec, () if networks is None else networks.problems)


def _raise_faults(path: Path, faults: Sequence[str]) -> None:
    from automap.exceptions import UserError

    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        count = "1 candidate" if len(faults) == 1 else f"{len(faults)} candidates"
        raise UserError(f"{path}: {count} at the boundary of the search space cannot be built:\n{lines}")


def _show_spec(checked: SpecCheck) -> None:
    from automap.cli import check_view
    from automap.cli.console import output_console

    console = output_console()
    console.print(check_view.resolved_spec(checked.resolved(), coloured=console.is_terminal), soft_wrap=True)
    console.print(check_view.search_space(checked.search_space()))
    console.print(check_view.weights(checked.pretrained_weights()))


def _show_data(checked: SpecCheck, summary: DataSummary, networks: BuiltNetworks | None) -> None:
    from automap.cli import check_view
    from automap.cli.console import output_console

    console = output_console()
    console.print(check_view.data_summary(summary))
    if networks is not None:
        console.print(check_view.needs(checked.requirements(), networks.largest))


def _show_earlier(earlier: Sequence[Earlier]) -> None:
    from automap.cli.console import output_console
    from automap.spec.display import safe_text

    for found in earlier:
        for line in found.describe():
            output_console().print(safe_text(line), soft_wrap=True)


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
