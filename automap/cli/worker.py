"""``automap worker``: train for a search that runs on this or another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from automap.search.study import Study
    from automap.spec.spec import Spec

POLL_SECONDS = 2.0


def worker(
    spec: Annotated[Path, typer.Argument(help="The spec file.", metavar="SPEC", show_default=False)],
    workers: Annotated[
        str, typer.Option(help="Processes that train at once; auto fits them to this machine.", metavar="N|auto")
    ] = "1",
    wait: Annotated[
        str, typer.Option(help="How long to wait for a study that does not exist yet (5m).", metavar="T")
    ] = "0s",
) -> None:
    """Join the search of a spec that runs on this or another machine, and train for it.

    It takes trials from the study's budget until that is spent and the finalists are trained. On Ctrl-C or
    SIGTERM it leaves at the end of the epoch, with exit code 130; its trial goes on elsewhere.

    Example: automap worker specs/digits.yaml --workers auto --wait 5m
    """
    from automap.cli.console import message_console, say
    from automap.cli.driving import Workers, drive_shown, make_executor, parse_workers
    from automap.cli.preparing import prepare_data
    from automap.spec.display import shell_quoted
    from automap.spec.spec import load_spec
    from automap.workers.driver import runs_can_be_kept

    console = message_console()
    wanted, patience = parse_workers(workers), _seconds(wait)
    loaded = load_spec(spec)
    data = prepare_data(console, loaded)
    runs_can_be_kept(loaded)
    seed = _own_seed()
    study = _join(loaded, data.fingerprint, seed, patience)
    if not drive_shown(console, study, make_executor(study, data, Workers(wanted), seed)):
        say("left; the trials that were in training go on elsewhere, or with the same command")
        raise typer.Exit(130)
    say(f"nothing is left to train; see: automap leaderboard {shell_quoted(spec)}")


def _seconds(wait: str) -> float:
    from automap.exceptions import UserError
    from automap.spec.quantities import parse_duration

    try:
        return float(parse_duration(wait))
    except ValueError as error:
        raise UserError(f"--wait: {error}") from None


def _own_seed() -> int:
    # Samplers of one seed on two machines would propose the same candidates.
    import os
    import socket
    import zlib

    return zlib.crc32(f"{socket.gethostname()}-{os.getpid()}".encode()) % 2**31


def _join(spec: Spec, fingerprint: str, seed: int, patience: float) -> Study:
    import time

    from automap.cli.console import say
    from automap.exceptions import StorageError
    from automap.search.study import StudyMissing, join

    deadline, told = time.monotonic() + patience, ""
    while True:
        try:
            return join(spec, seed, fingerprint)
        except (StorageError, StudyMissing) as error:
            if time.monotonic() >= deadline:
                raise
            if str(error) != told:
                say(f"waiting: {error}", "yellow")
            told = str(error)
        time.sleep(POLL_SECONDS)
