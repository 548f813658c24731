"""Runs: leases, taking over and losing them."""

import math
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from support.studies import add_trial, candidate, complete, make_study

from automap.exceptions import StorageError
from automap.store import leases, results, runs
from automap.store.engine import open_database
from automap.store.runs import NewRun, Run
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore


@pytest.fixture
def study(engine: Engine) -> StudyRow:
    return make_study(engine)


def start(engine: Engine, study: StudyRow, trial: int = 0, worker: str | None = "a") -> Run:
    return runs.start_run(StudyStore(engine, study.id), NewRun(trial, "search", trial, candidate(), 3), worker)


def test_a_run_is_found_as_it_was_started(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study, 5)
    assert run == runs.find_run(StudyStore(engine, study.id), 5)
    assert run == runs.find_run(StudyStore(engine, study.id), 5, "search", 5)
    assert (run.state, run.worker, run.attempts, run.epoch, run.metric) == ("running", "a", 1, 0, None)
    assert run.candidate == candidate()
    assert runs.find_run(StudyStore(engine, study.id), 5, "final") is None
    assert runs.find_run(StudyStore(engine, study.id), 6) is None


def test_a_run_started_twice_belongs_to_the_first_worker(engine: Engine, study: StudyRow) -> None:
    first = start(engine, study, worker="a")
    assert start(engine, study, worker="b") == first


def test_beats_store_progress_for_the_holder_only(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study)
    assert leases.beat(engine, run.id, "a", epoch=2, metric=0.75, epoch_seconds=1.5)
    assert leases.beat(engine, run.id, "a")
    assert not leases.beat(engine, run.id, "b", epoch=3)
    (active,) = runs.list_active(StudyStore(engine, study.id))
    assert (active.epoch, active.metric, active.epoch_seconds) == (2, 0.75, 1.5)
    assert active.heartbeat_at is not None
    assert run.heartbeat_at is not None
    assert active.heartbeat_at >= run.heartbeat_at


def test_a_metric_that_is_not_a_number_is_left_out(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study)
    assert leases.beat(engine, run.id, "a", epoch=1, metric=math.nan, epoch_seconds=0.5)
    found = runs.find_run(StudyStore(engine, study.id), 0)
    assert found is not None
    assert (found.epoch, found.metric) == (1, None)


def test_a_run_with_a_live_worker_is_not_taken(engine: Engine, study: StudyRow) -> None:
    start(engine, study)
    assert leases.claim_orphan(StudyStore(engine, study.id), "b", 60) is None


def test_a_sign_of_life_in_the_future_counts_from_now_on(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study)
    with engine.begin() as connection:
        connection.execute(text("UPDATE automap_runs SET heartbeat_at = heartbeat_at + 3600"))
    assert leases.claim_orphan(StudyStore(engine, study.id), "b", 0.3) is None
    # A worker that lives is heard again; one that does not is silent from now on.
    assert leases.beat(engine, run.id, "a")
    time.sleep(0.5)
    claimed = leases.claim_orphan(StudyStore(engine, study.id), "b", 0.3)
    assert claimed is not None
    assert claimed.worker == "b"


def test_a_silent_worker_loses_its_run(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study)
    time.sleep(0.3)
    claimed = leases.claim_orphan(StudyStore(engine, study.id), "b", 0.1)
    assert claimed is not None
    assert (claimed.id, claimed.worker, claimed.attempts) == (run.id, "b", 2)
    assert claimed.last_death == "worker a sent no heartbeat for 0.1 s"
    assert claimed.started_at == run.started_at
    assert not leases.beat(engine, run.id, "a")
    assert not leases.release(engine, run.id, "a")
    assert not results.finish(engine, run.id, "a", complete(0.9))
    assert results.find_result(StudyStore(engine, study.id), 0) is None
    assert results.finish(engine, run.id, "b", complete(0.8))


def test_interruptions_do_not_count_as_attempts(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study)
    leases.beat(engine, run.id, "a", epoch=1)
    assert leases.release(engine, run.id, "a")
    claimed = leases.claim_orphan(StudyStore(engine, study.id), "b", 60)
    assert claimed is not None
    assert (claimed.attempts, claimed.epoch, claimed.last_death) == (1, 1, None)


def test_the_runs_of_a_dead_worker_wait_with_its_reason(engine: Engine, study: StudyRow) -> None:
    start(engine, study, 0, "dead")
    start(engine, study, 1, "alive")
    assert leases.release_worker(engine, "dead", "killed by SIGKILL\0") == 1
    assert leases.release_worker(engine, "dead", "again") == 0
    claimed = leases.claim_orphan(StudyStore(engine, study.id), "idle", 60)
    assert claimed is not None
    assert (claimed.trial, claimed.attempts, claimed.last_death) == (0, 2, "killed by SIGKILL")
    assert leases.claim_orphan(StudyStore(engine, study.id), "another", 60) is None


def test_a_run_without_a_worker_waits_for_one(engine: Engine, study: StudyRow) -> None:
    run = start(engine, study, worker=None)
    assert (run.state, run.attempts, run.started_at) == ("waiting", 0, None)
    claimed = leases.claim_orphan(StudyStore(engine, study.id), "b", 60)
    assert claimed is not None
    assert (claimed.attempts, claimed.state) == (1, "running")
    assert claimed.started_at is not None


def test_orphans_of_the_search_come_before_finalists(engine: Engine, study: StudyRow) -> None:
    runs.add_runs(StudyStore(engine, study.id), [NewRun(9, "final", 1000, candidate(), 3)])
    start(engine, study, 1, None)
    taken = [leases.claim_orphan(StudyStore(engine, study.id), worker, 60) for worker in "bcd"]
    assert [None if run is None else run.kind for run in taken] == ["search", "final", None]


def test_runs_of_other_studies_are_not_taken(engine: Engine, study: StudyRow) -> None:
    start(engine, study, worker=None)
    other = make_study(engine, "other")
    assert leases.claim_orphan(StudyStore(engine, other.id), "b", 60) is None


def test_finalists_are_added_once(engine: Engine, study: StudyRow) -> None:
    wanted = [NewRun(3, "final", 1000, candidate(width=8), 3), NewRun(3, "final", 1001, candidate(width=8), 3)]
    assert runs.add_runs(StudyStore(engine, study.id), wanted[:1]) == 1
    assert runs.add_runs(StudyStore(engine, study.id), wanted) == 1
    assert runs.add_runs(StudyStore(engine, study.id), wanted) == 0
    active = runs.list_active(StudyStore(engine, study.id))
    assert [(run.trial, run.seed, run.kind, run.state) for run in active] == [
        (3, 1000, "final", "waiting"),
        (3, 1001, "final", "waiting"),
    ]
    assert active[0].candidate["architecture"]["width"] == 8


def test_running_runs_are_listed_first_and_done_ones_not_at_all(engine: Engine, study: StudyRow) -> None:
    start(engine, study, 0, None)
    done = start(engine, study, 1)
    start(engine, study, 2)
    assert results.finish(engine, done.id, "a", complete(0.5))
    assert [run.trial for run in runs.list_active(StudyStore(engine, study.id))] == [2, 0]


def test_a_worker_finds_the_run_that_it_was_given_while_the_connection_broke(engine: Engine) -> None:
    study = make_study(engine)
    lost = start(engine, study, 0, worker="w1")
    start(engine, study, 1, worker=None)
    again = leases.claim_orphan(StudyStore(engine, study.id), "w1", 60.0)
    assert again is not None
    assert (again.id, again.attempts, again.last_death) == (lost.id, 1, None)


def test_a_hostile_row_is_refused(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9), seed=1000)
    with engine.begin() as connection:
        connection.execute(text("UPDATE automap_runs SET seed = '/../../precious'"))
        connection.execute(text("UPDATE automap_results SET seed = '/../../precious'"))
    store = StudyStore(engine, study.id)
    for read in (runs.list_runs, results.list_results):
        with pytest.raises(StorageError, match=r"expected an integer as seed, received '/../../precious'"):
            read(store)
