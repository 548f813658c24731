"""Results are written once, completely or not at all."""

import math

import pytest
from sqlalchemy import Engine
from support.studies import ACCURACY_AND_LATENCY, add_finalist, add_trial, candidate, complete, make_study

from automap.store import results, runs
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.store.study_store import StudyStore


def test_a_result_is_found_as_it_was_written(engine: Engine) -> None:
    study = make_study(engine)
    result = Result(
        state="complete",
        validation={"accuracy": 0.9, "macro_f1": 0.8},
        test={"accuracy": 0.85},
        cost={"parameters": 12_345, "latency_ms": 0.25},
        curve=({"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0}),
        notes=("half the batch",),
        artifacts="trial-00003",
    )
    add_trial(engine, study, 3, result, of=candidate(width=16))
    found = results.find_result(StudyStore(engine, study.id), 3)
    assert found is not None
    assert found.result == result
    assert (found.trial, found.kind, found.seed, found.value) == (3, "search", 3, 0.9)
    assert found.candidate == candidate(width=16)
    assert (found.state, found.validation, found.test) == ("complete", result.validation, result.test)
    assert runs.list_active(StudyStore(engine, study.id)) == []


def test_a_result_is_written_once(engine: Engine) -> None:
    study = make_study(engine)
    run = runs.start_run(StudyStore(engine, study.id), NewRun(0, "search", 0, candidate(), 3), "a")
    assert results.finish(engine, run.id, "a", complete(0.9))
    assert not results.finish(engine, run.id, "a", complete(0.1))
    found = results.find_result(StudyStore(engine, study.id), 0)
    assert found is not None
    assert found.value == 0.9


def test_numbers_that_are_not_finite_are_absent(engine: Engine) -> None:
    study = make_study(engine)
    result = Result(
        state="failed",
        reason="the loss became NaN\0 in epoch 2",
        validation={"accuracy": math.nan, "log_loss": math.inf, "macro_f1": 0.5},
        cost={"latency_ms": -math.inf},
        curve=({"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": math.nan}),
    )
    add_trial(engine, study, 0, result)
    found = results.find_result(StudyStore(engine, study.id), 0)
    assert found is not None
    assert found.validation == {"macro_f1": 0.5}
    assert found.cost == {}
    assert found.result.curve == ({"epoch": 1, "train_loss": 2.0}, {"epoch": 2})
    assert (found.value, found.test) == (None, None)
    assert found.result.reason == "the loss became NaN in epoch 2"


def test_the_value_of_a_cost_objective_is_its_cost(engine: Engine) -> None:
    study = make_study(engine, objectives=ACCURACY_AND_LATENCY[1:])
    for trial, latency in enumerate((3.0, 1.0, 2.0)):
        add_trial(engine, study, trial, complete(0.5, latency=latency))
    listed = results.list_results(StudyStore(engine, study.id))
    assert [(row.trial, row.value) for row in listed] == [(1, 1.0), (2, 2.0), (0, 3.0)]


def test_lists_are_sorted_by_value_and_filtered(engine: Engine) -> None:
    study = make_study(engine)
    for trial, accuracy in enumerate((0.5, 0.9, 0.7, 0.9)):
        add_trial(engine, study, trial, complete(accuracy))
    add_trial(engine, study, 4, Result(state="failed", reason="out of memory"))
    add_trial(engine, study, 5, Result(state="pruned", validation={"accuracy": 0.8}))
    add_finalist(engine, study, 1, [0.91, 0.93])
    assert [row.trial for row in results.list_results(StudyStore(engine, study.id), kind="search")] == [
        1,
        3,
        5,
        2,
        0,
        4,
    ]
    complete_rows = results.list_results(StudyStore(engine, study.id), kind="search", states=("complete",), limit=2)
    assert [row.trial for row in complete_rows] == [1, 3]
    finals = results.list_results(StudyStore(engine, study.id), kind="final", trial=1)
    assert [(row.seed, row.value) for row in finals] == [(1001, 0.93), (1000, 0.91)]
    assert results.list_results(StudyStore(engine, study.id), kind="final", trial=2) == []


def test_lists_leave_curves_out_unless_asked(engine: Engine) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.5, curve=({"epoch": 1, "train_loss": 2.0},)))
    assert results.list_results(StudyStore(engine, study.id))[0].result.curve == ()
    assert results.list_results(StudyStore(engine, study.id), curves=True)[0].result.curve == (
        {"epoch": 1, "train_loss": 2.0},
    )


def test_states_are_counted(engine: Engine) -> None:
    study = make_study(engine)
    assert results.count_states(StudyStore(engine, study.id)) == dict.fromkeys(
        ("complete", "pruned", "infeasible", "failed", "final"), 0
    )
    add_trial(engine, study, 0, complete(0.5))
    add_trial(engine, study, 1, Result(state="infeasible", reason="too large"))
    add_finalist(engine, study, 0, [0.6, 0.7])
    assert results.count_states(StudyStore(engine, study.id)) == {
        "complete": 1,
        "pruned": 0,
        "infeasible": 1,
        "failed": 0,
        "final": 2,
    }


def test_a_result_of_a_study_that_does_not_exist(engine: Engine) -> None:
    assert results.find_result(StudyStore(engine, 77), 0) is None
    with pytest.raises(LookupError, match="77"):
        results.list_results(StudyStore(engine, 77))
