"""``automap search``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from automap.cli.driving import Workers
    from automap.data.prepare import PreparedData
    from automap.search.study import Study
    from automap.spec.display import SafeConsole
    from automap.spec.spec import Spec


def search(
    spec: Annotated[Path, typer.Argument(help="The spec file.", metavar="SPEC", show_default=False)],
    trials: Annotated[
        str | None,
        typer.Option(help="Trials in all (30), or more of them (+10), instead of what the spec says.", metavar="N|+N"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Time in all (2h), or more of it (+20m), instead of what the spec says.", metavar="T|+T"),
    ] = None,
    workers: Annotated[
        str, typer.Option(help="Processes that train at once; auto fits them to this machine.", metavar="N|auto")
    ] = "1",
    executor: Annotated[
        Literal["local", "ray"], typer.Option(help="Where workers run: on this machine, or on a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster; left out, one is started here.", metavar="HOST:PORT")
    ] = None,
    cpus: Annotated[float, typer.Option(help="Processors of each worker on Ray.", min=0.1)] = 2.0,
    gpus: Annotated[
        float | None,
        typer.Option(
            help="GPUs of each worker on Ray, 0.5 for two on one; left out, one if there are any.",
            min=0.0,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Search for the best network that the spec admits, or go on with a search.

    Example: automap search specs/digits.yaml --trials +10
    """
    from automap.cli.console import message_console, say
    from automap.cli.driving import Workers, parse_workers
    from automap.cli.preparing import prepare_data
    from automap.spec.display import shell_quoted
    from automap.spec.spec import load_spec

    console = message_console()
    asked = Workers(parse_workers(workers), executor, address, cpus, gpus)
    loaded = load_spec(spec)
    data = prepare_data(console, loaded)
    study = _open(loaded, spec, data)
    _extend(study, trials, time)
    finished = _drive(console, study, data, asked)
    _report(study, spec, finished)
    if not finished:
        say(f"interrupted; go on with: automap search {shell_quoted(spec)}")
        raise typer.Exit(130)


def _open(spec: Spec, path: Path, data: PreparedData) -> Study:
    from automap.search.environment import environment
    from automap.search.study import create_or_continue
    from automap.workers.driver import runs_can_be_kept

    runs_can_be_kept(spec)
    return create_or_continue(spec, path.read_text(encoding="utf-8"), data.fingerprint, environment())


def _extend(study: Study, trials: str | None, time: str | None) -> None:
    from automap.exceptions import UserError
    from automap.spec.quantities import parse_duration
    from automap.store import studies

    if trials is None and time is None:
        return
    row, number, seconds = studies.get_study(study.engine, study.id), None, None
    if trials is not None:
        if not trials.removeprefix("+").isdigit():
            raise UserError(f"--trials: expected a number such as 30 or +10; received '{trials}'")
        number = int(trials.removeprefix("+")) + (row.slots_taken if trials.startswith("+") else 0)
    if time is not None:
        try:
            seconds = float(parse_duration(time.removeprefix("+")))
        except ValueError as error:
            raise UserError(f"--time: {error}") from None
        seconds += row.seconds_used if time.startswith("+") else 0.0
    studies.set_budget(study.engine, study.id, trial_budget=number, time_budget=seconds)


def _drive(console: SafeConsole, study: Study, data: PreparedData, asked: Workers) -> bool:
    from automap.cli.console import say
    from automap.cli.driving import drive_shown, make_executor
    from automap.workers.driver import snapshot, work_is_left

    if not work_is_left(study):
        spent = snapshot(study).use.spent
        say(f"The budget is spent: {spent}. More: automap search SPEC --trials +10")
        return True
    first_seed = study.spec.search.seed + snapshot(study).use.trials
    return drive_shown(console, study, make_executor(study, data, asked, first_seed))


def _report(study: Study, path: Path, finished: bool) -> None:
    from automap.cli.console import say
    from automap.cli.leaderboard import show_leaderboard
    from automap.exceptions import RunError
    from automap.search.retention import publish_winner
    from automap.spec.display import shell_quoted

    show_leaderboard(study.engine, study.spec.name)
    winner = publish_winner(study)
    say("")
    if winner is not None:
        say(f"The winner: {winner}")
        say(f"  use it:   automap predict {shell_quoted(winner)} IMAGE…")
    say(f"  look in:  automap show {shell_quoted(path)} TRIAL")
    if winner is None and finished:
        raise RunError(f"no trial was completed; why, says: automap leaderboard {shell_quoted(path)} --state all")
