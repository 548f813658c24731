"""Joining a search that another process or machine has started."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from automap.api.display import Display, make_display
from automap.api.executors import Workers
from automap.api.search import SearchInterrupted, drive_shown, own_seed, read_data
from automap.api.study import Study
from automap.exceptions import StorageError
from automap.search import study as studies
from automap.spec.load import load_spec
from automap.spec.spec import Spec
from automap.store.retry import with_retries
from automap.workers.driver import runs_can_be_kept

POLL_SECONDS = 2.0


def join(
    spec: Path | str, *, workers: int | Literal["auto"] | Workers = 1, wait_seconds: float = 0.0, progress: bool = True
) -> Study:
    """Train for a search that another process or machine has started, until nothing is left to do.

    Args:
        spec: path of the spec file.
        workers: number of processes that train at once on this machine.
        wait_seconds: how long to wait for a study that does not exist yet.
        progress: whether to show progress.

    Raises:
        StudyMissing: if the study does not exist after that time.
        SearchInterrupted: if the user stopped it; other workers take over its trials.
    """
    asked = workers if isinstance(workers, Workers) else Workers(workers)
    display = make_display(progress)
    loaded = load_spec(spec)
    data = read_data(loaded, display)
    runs_can_be_kept(loaded)
    seed = own_seed()
    opened = _wait_for(loaded, data.fingerprint, seed, wait_seconds, display)
    finished = drive_shown(opened, data, asked, seed, display)
    study = with_retries(lambda: Study.of(opened))
    if not finished:
        raise SearchInterrupted(study)
    return study


def _wait_for(spec: Spec, fingerprint: str, seed: int, seconds: float, display: Display) -> studies.Study:
    deadline, told = time.monotonic() + seconds, ""
    while True:
        try:
            return studies.join(spec, seed, fingerprint)
        except (StorageError, studies.StudyMissing) as error:
            if time.monotonic() >= deadline:
                raise
            if str(error) != told:
                display.say(f"waiting: {error}", "yellow")
            told = str(error)
        time.sleep(POLL_SECONDS)
