"""The choice of the run that a free worker trains next."""

from pathlib import Path

import pytest
from support.searching import write_tiny

from automap.search.study import Study, create_or_continue
from automap.search.trials import next_paused, next_run
from automap.spec.load import load_spec
from automap.store import leases, measurements, results, runs, studies
from automap.store.result import Result


@pytest.fixture
def study(tmp_path: Path) -> Study:
    spec = write_tiny(tmp_path, trials=2, storage=f"sqlite:///{tmp_path}/automap.db")
    return create_or_continue(load_spec(spec), spec.read_text(), "f00d", {})


def train_until_killed(study: Study, worker: str) -> runs.Run:
    run = next_run(study, worker)
    assert run is not None
    assert leases.release_worker(study.engine, worker, "killed by SIGKILL") == 1
    return run


def test_a_run_that_lost_two_workers_is_tried_last(study: Study) -> None:
    assert [train_until_killed(study, worker).trial for worker in "ab"] == [0, 0]
    other = next_run(study, "c")
    assert other is not None
    assert other.trial == 1
    assert results.finish(study.engine, other.id, "c", Result(state="complete", validation={"accuracy": 0.5}))
    last = next_run(study, "c")
    assert last is not None
    assert (last.trial, last.attempts) == (0, 3)


@pytest.mark.parametrize(("at_the_rung", "finished"), [(0.7, 1), (0.4, None)])
def test_a_paused_trial_is_finished_if_it_is_better_than_the_finalist_that_completed(
    study: Study, at_the_rung: float, finished: int | None
) -> None:
    studies.fix_rungs(study.store, (8, 160))
    first = next_run(study, "a")
    assert first is not None
    assert results.finish(study.engine, first.id, "a", Result(state="complete", validation={"accuracy": 0.5}))
    second = next_run(study, "a")
    assert second is not None
    assert measurements.add_measurement(study.store, second.trial, 8, {"accuracy": at_the_rung}, 1.0)
    assert leases.pause(study.engine, second.id, "a")
    assert next_paused(study, closing=True) == finished
