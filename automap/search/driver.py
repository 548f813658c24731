"""The driver: what ``automap search`` does, without its display. It never imports Keras."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from automap.exceptions import StorageError, UserError, WorkerError
from automap.search import finalists
from automap.search.budget import Use, budget_use
from automap.search.executor import Executor
from automap.search.study import Study
from automap.search.trials import recover
from automap.store import results, runs, studies
from automap.store.runs import Run

POLL_SECONDS = 0.5
MAX_DEATHS = 5
"""Workers that die one after another, with nothing finished in between, before the search gives up."""


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment, as everybody who watches it sees it."""

    use: Use
    active: tuple[Run, ...]
    counts: dict[str, int]
    """Finished runs by state; runs of finalists under ``final``."""


def snapshot(study: Study) -> Snapshot:
    """Read how a study stands."""
    return Snapshot(
        budget_use(study),
        tuple(runs.list_active(study.engine, study.id)),
        results.count_states(study.engine, study.id),
    )


def drive(study: Study, executor: Executor, watch: Callable[[Snapshot], None], interrupted: Callable[[], int]) -> bool:
    """Run workers until the study's budget is spent and its finalists are trained.

    Args:
        study: the open study.
        executor: where the workers run.
        watch: called twice a second with how the study stands.
        interrupted: how often the user asked to stop: once, at the end of the epoch; twice, at once.

    Returns:
        Whether the search ended by itself.

    Raises:
        UserError: if no worker can go on: the disk is full, say, or a candidate cannot be built.
        WorkerError: if workers die again and again.
    """
    studies.clear_stop(study.engine, study.id)
    executor.start()
    deaths, finished = 0, -1
    while executor.alive() or not interrupted():
        now = snapshot(study)
        watch(now)
        if sum(now.counts.values()) != finished:
            deaths, finished = 0, sum(now.counts.values())
        died = executor.deaths()
        for death in died:
            deaths += 1
            runs.release_worker(study.engine, death.worker, death.reason)
            if death.fatal or deaths >= MAX_DEATHS:
                _give_up(executor, death.reason, fatal=death.fatal)
        if interrupted():
            executor.stop(now=interrupted() > 1)
        elif died:
            executor.start()
        elif not executor.alive():
            break
        studies.tick(study.engine, study.id)
        time.sleep(POLL_SECONDS)
    watch(snapshot(study))
    return not interrupted()


def _give_up(executor: Executor, reason: str, *, fatal: bool) -> None:
    executor.stop()
    while executor.alive():
        time.sleep(POLL_SECONDS)
    if fatal:
        raise UserError(reason)
    raise WorkerError(f"{MAX_DEATHS} workers died one after another; the last one: {reason}")


def disk_is_usable(directory: Path) -> None:
    """Create a study's run directory and write to it once.

    Raises:
        StorageError: if it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".probe"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"run directory {directory}: {error.strerror}; name another one in the spec (runs: ...) or make room"
        ) from None


def work_is_left(study: Study) -> bool:
    """Return whether a worker would find anything to do."""
    now = snapshot(study)
    return now.use.spent is None or bool(now.active) or recover(study) or bool(finalists.missing(study))
