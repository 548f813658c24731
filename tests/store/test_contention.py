"""Eight processes on one database: nothing is assigned twice, nothing is lost."""

import pytest
from support.contention import appoint, at_once, take_slots, tick_often, work_off
from support.studies import candidate, make_study

from automap.store import results, runs, studies
from automap.store.engine import open_database
from automap.store.runs import NewRun
from automap.store.study_store import StudyStore

pytestmark = pytest.mark.slow

PROCESSES = 8


def test_exactly_the_budget_of_slots_is_taken(url: str) -> None:
    engine = open_database(url)
    study = make_study(engine, trial_budget=100)
    assert sum(at_once(PROCESSES, take_slots, url, study.id)) == 100
    assert studies.get_study(StudyStore(engine, study.id)).slots_taken == 100


def test_every_waiting_run_is_done_by_exactly_one_worker(url: str) -> None:
    engine = open_database(url)
    study = make_study(engine)
    for trial in range(60):
        runs.start_run(StudyStore(engine, study.id), NewRun(trial, "search", trial, candidate(), 2))
    done = at_once(PROCESSES, work_off, url, study.id)
    assert sorted(trial for trials in done for trial in trials) == list(range(60))
    assert len(results.list_results(StudyStore(engine, study.id))) == 60
    assert runs.list_active(StudyStore(engine, study.id)) == []


def test_finalists_are_appointed_once(url: str) -> None:
    engine = open_database(url)
    study = make_study(engine)
    wanted = [NewRun(trial, "final", seed, candidate(), 3) for trial in range(3) for seed in range(1000, 1003)]
    assert sum(at_once(PROCESSES, appoint, url, study.id, wanted)) == 9
    assert len(runs.list_active(StudyStore(engine, study.id))) == 9


def test_time_is_counted_once_however_many_tick(url: str) -> None:
    import time

    engine = open_database(url)
    study = make_study(engine)
    studies.tick(StudyStore(engine, study.id))
    start = time.monotonic()
    at_once(4, tick_often, url, study.id)
    studies.tick(StudyStore(engine, study.id))
    passed = time.monotonic() - start
    assert studies.get_study(StudyStore(engine, study.id)).seconds_used == pytest.approx(passed, abs=0.2)
