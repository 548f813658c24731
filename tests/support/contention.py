"""Functions for several processes that use one database at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from automap.store import leases, results, runs, studies
from automap.store.engine import open_database
from automap.store.result import Result
from automap.store.study_store import StudyStore


def at_once(count: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Run a function in processes of their own; each gets its number first."""
    # A server that has imported everything forks them: eight fresh interpreters would take seconds to start.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        return [future.result() for future in [pool.submit(function, i, *arguments) for i in range(count)]]


def open_it(_: int, url: str) -> str:
    """Open a database that may not exist yet."""
    return str(open_database(url).url.database)


def take_slots(_: int, url: str, study_id: int) -> int:
    """Take trials from a budget until none is left, and count them."""
    engine, taken = open_database(url), 0
    while studies.take_slot(StudyStore(engine, study_id)):
        taken += 1
    return taken


def work_off(number: int, url: str, study_id: int) -> list[int]:
    """Take waiting runs and finish them until none is left; return their numbers."""
    engine, done = open_database(url), []
    while run := leases.claim_orphan(StudyStore(engine, study_id), f"worker-{number}", 60.0):
        for epoch in range(1, run.epochs + 1):
            assert leases.beat(engine, run.id, f"worker-{number}", epoch=epoch, metric=0.5, epoch_seconds=0.1)
        assert results.finish(
            engine, run.id, f"worker-{number}", Result(state="complete", validation={"accuracy": 0.5})
        )
        done.append(run.trial)
    return done


def appoint(_: int, url: str, study_id: int, wanted: list[runs.NewRun]) -> int:
    """Register finalists and count the new ones."""
    return runs.add_runs(StudyStore(open_database(url), study_id), wanted)


def tick_often(_: int, url: str, study_id: int) -> None:
    """Tick as fast as possible, a hundred times."""
    engine = open_database(url)
    for _tick in range(100):
        studies.tick(StudyStore(engine, study_id))
