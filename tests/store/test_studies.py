"""Studies and their budgets."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from support.studies import ACCURACY_AND_LATENCY, add_finalist, add_trial, candidate, complete, make_study

from automap.spec.objectives import Objective
from automap.store import runs, studies
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.store.study_store import StudyStore


def test_a_study_is_found_as_it_was_created(engine: Engine) -> None:
    created = make_study(engine, "digits", objectives=ACCURACY_AND_LATENCY, trial_budget=7)
    found = studies.find_study(engine, "digits")
    assert found == created
    assert found == studies.get_study(StudyStore(engine, created.id))
    assert found.objectives == (
        Objective(metric="accuracy", direction="maximize"),
        Objective(metric="latency", direction="minimize"),
    )
    assert (found.trial_budget, found.slots_taken, found.seconds_used) == (7, 0, 0.0)
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 60


def test_missing_files(engine: Engine) -> None:
    assert studies.find_study(engine, "nothing") is None
    with pytest.raises(LookupError, match="77"):
        studies.get_study(StudyStore(engine, 77))


def test_creating_a_study_twice_returns_the_first(engine: Engine) -> None:
    first = make_study(engine, "digits", trial_budget=5)
    assert make_study(engine, "digits", trial_budget=9) == first


def test_the_order_of_a_spec_is_kept(engine: Engine) -> None:
    study = make_study(engine)
    spec = {"z": 1, "a": {"y": [1, {"x": None}], "b": "Zoë 图"}}
    studies.update_spec(StudyStore(engine, study.id), spec_text="z: 1", spec=spec)
    found = studies.get_study(StudyStore(engine, study.id))
    assert found.spec_text == "z: 1"
    assert list(found.spec) == ["z", "a"]
    assert found.spec == spec


def test_slots_end_with_the_budget_and_come_back(engine: Engine) -> None:
    study = make_study(engine, trial_budget=2)
    assert [studies.take_slot(StudyStore(engine, study.id)) for _ in range(3)] == [True, True, False]
    assert studies.correct_slots(StudyStore(engine, study.id), taken=2, started=1)
    assert [studies.take_slot(StudyStore(engine, study.id)) for _ in range(2)] == [True, False]
    studies.set_budget(StudyStore(engine, study.id), trial_budget=3, time_budget=None)
    assert [studies.take_slot(StudyStore(engine, study.id)) for _ in range(2)] == [True, False]
    assert studies.get_study(StudyStore(engine, study.id)).slots_taken == 3


def test_a_study_without_a_budget_of_trials_has_slots_for_ever(engine: Engine) -> None:
    study = make_study(engine)
    assert all(studies.take_slot(StudyStore(engine, study.id)) for _ in range(5))


def test_slots_are_not_corrected_with_stale_counts(engine: Engine) -> None:
    study = make_study(engine, trial_budget=5)
    assert studies.take_slot(StudyStore(engine, study.id))
    assert not studies.correct_slots(StudyStore(engine, study.id), taken=0, started=0)
    assert studies.get_study(StudyStore(engine, study.id)).slots_taken == 1


def test_setting_a_budget_replaces_both_limits(engine: Engine) -> None:
    study = make_study(engine, trial_budget=5)
    studies.set_budget(StudyStore(engine, study.id), trial_budget=None, time_budget=60.0)
    found = studies.get_study(StudyStore(engine, study.id))
    assert (found.trial_budget, found.time_budget) == (None, 60.0)


def test_ticks_count_the_time_between_them(engine: Engine) -> None:
    study = make_study(engine)
    studies.tick(StudyStore(engine, study.id))
    assert studies.get_study(StudyStore(engine, study.id)).seconds_used == 0
    time.sleep(0.3)
    studies.tick(StudyStore(engine, study.id))
    once = studies.get_study(StudyStore(engine, study.id)).seconds_used
    assert 0.25 < once < 5
    studies.tick(StudyStore(engine, study.id))
    assert studies.get_study(StudyStore(engine, study.id)).seconds_used - once < 0.25


def test_time_without_a_driver_is_not_counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "MAX_TICK_SECONDS", 0.1)
    study = make_study(engine)
    studies.tick(StudyStore(engine, study.id))
    time.sleep(0.3)
    studies.tick(StudyStore(engine, study.id))
    assert studies.get_study(StudyStore(engine, study.id)).seconds_used == 0


def test_the_list_counts_trials_by_state_and_knows_the_best(engine: Engine) -> None:
    larger = make_study(engine, "larger")
    smaller = make_study(engine, "smaller", objectives=({"metric": "log_loss", "direction": "minimize"},))
    make_study(engine, "empty")
    for study in (larger, smaller):
        for trial, accuracy in enumerate((0.5, 0.9, 0.7)):
            add_trial(engine, study, trial, complete(accuracy))
        add_trial(engine, study, 3, Result(state="pruned", validation={"accuracy": 0.99, "log_loss": 0.01}))
    add_finalist(engine, larger, 1, [0.95, 0.96])
    runs.start_run(StudyStore(engine, larger.id), NewRun(4, "search", 4, candidate(), 3), "somebody")
    listed = studies.list_studies(engine)
    assert [study.name for study in listed] == ["larger", "smaller", "empty"]
    assert listed[0].counts == {"complete": 3, "pruned": 1, "final": 2, "running": 1}
    assert listed[1].counts == {"complete": 3, "pruned": 1}
    assert [study.best for study in listed] == [0.9, pytest.approx(0.1), None]
