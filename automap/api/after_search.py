"""What follows a search: an ensemble of its models, and the compressed models that its spec asks for."""

from __future__ import annotations

import os
import subprocess
import sys

from automap.api import ensembles
from automap.api.display import Display
from automap.data.prepare import PreparedData
from automap.exceptions import UserError, WorkerError
from automap.search.study import Study
from automap.spec.compression import Compression
from automap.spec.display import shell_quoted
from automap.store import results

FEWEST_SECONDS = 8.0
"""An ensemble that has less time is not begun: importing Keras alone takes seconds."""
_COMPRESS = "from automap.cli.main import main; import sys; main(sys.argv[1:])"


def make_ensemble(study: Study, data: PreparedData, display: Display) -> None:
    """Combine the models of a search that has ended, if its time budget leaves time for it."""
    if not ensembles.due(study):
        return
    seconds = ensembles.seconds_left(study)
    if seconds is not None and seconds < FEWEST_SECONDS:
        display.say(
            f"no time was left for an ensemble; make one with: automap ensemble {shell_quoted(study.spec.name)}"
        )
        return
    try:
        ensemble = ensembles.add_ensemble(study, data.identity, seconds=seconds)
    except (UserError, WorkerError) as error:
        display.say(f"no ensemble: {error}")
        return
    display.say(f"ensemble of {len(ensemble.members)} models: {study.spec.name}:ensemble")


def compress_winner(study: Study, display: Display) -> None:
    """Compress the winner as the spec asks, in processes of their own; a time budget leaves no time for it."""
    if not study.spec.compress or not _is_due(study):
        return
    for each in study.spec.compress:
        for options in each.options():
            command = ["compress", *options, "--", study.spec.name]
            if ensembles.seconds_left(study) is not None:
                display.say(
                    f"compress within a time budget is left to you: automap {' '.join(map(shell_quoted, command))}"
                )
                continue
            display.say(f"automap {' '.join(map(shell_quoted, command))}")
            _run(study, command, each, display)


def _is_due(study: Study) -> bool:
    trained = results.list_results(study.store, kind="final") or results.list_results(study.store, kind="search")
    made = results.list_results(study.store, kind="compressed")
    last = max((row.finished_at for row in trained), default=None)
    return last is not None and all(row.finished_at < last for row in made)


def _run(study: Study, command: list[str], asked: Compression, display: Display) -> None:
    # The URL of the database may contain a password, which arguments would show to everybody on this machine.
    environment = {**os.environ, "AUTOMAP_STORAGE": study.spec.storage, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", _COMPRESS, *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        display.say(f"warning: {asked.type}: {last.removeprefix('error: ')}", "yellow")
