"""``automap ensemble``: a study's best models combined into one."""

from __future__ import annotations

from typing import Annotated

import typer

from automap.cli.selection import StorageOption


def ensemble(
    study: Annotated[str, typer.Argument(help="Name or spec file of the study.", metavar="STUDY", show_default=False)],
    members: Annotated[
        int | None, typer.Option(help="Most members, chosen with replacement.", min=1, show_default="the spec's: 5")
    ] = None,
    latency: Annotated[
        float | None,
        typer.Option(help="Most latency, as a multiple of the winner's.", min=1.0, show_default="the spec's: 2"),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Combine a study's best models into one, without further training.

    The members are chosen by their stored outputs on the validation split. Name the ensemble as STUDY:ensemble to
    predict with it, export it or serve it.

    Example: automap ensemble flowers --latency 3
    """
    from automap.api.ensembles import ensemble_of
    from automap.cli.console import output_console, say
    from automap.spec.display import safe_text

    say("choosing members by their outputs on the validation split")
    made = ensemble_of(study, storage, members, latency)
    console = output_console()
    for member in made.members:
        line = f"trial {member['trial']}, seed {member['seed']}: weight {member['weight']:.2f}"
        console.print(safe_text(line), soft_wrap=True)
    tests = made.result.test or {}
    for name, value in made.result.validation.items():
        test = f", test {tests[name]:.5g}" if name in tests else ""
        console.print(safe_text(f"{name}: validation {value:.5g} (cross-fitted){test}"), soft_wrap=True)
    console.print(safe_text(f"latency: {made.result.cost['latency_ms']:.2f} ms"), soft_wrap=True)
