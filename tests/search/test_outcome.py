"""Reporting results to Optuna."""

from pathlib import Path

import pytest
from optuna.trial import TrialState
from support.searching import write_tiny

from automap.search.outcome import tell_result
from automap.search.study import Study, create_or_continue
from automap.search.trials import recover, start_trial
from automap.spec.load import load_spec
from automap.store import results, studies
from automap.store.result import Result


@pytest.fixture
def study(tmp_path: Path) -> Study:
    spec = write_tiny(tmp_path, trials=9, storage=f"sqlite:///{tmp_path}/automap.db")
    spec.write_text(spec.read_text().replace("sampler: random", "sampler: tpe"))
    return create_or_continue(load_spec(spec), spec.read_text(), "f00d", {})


def finish(study: Study, result: Result) -> int:
    assert studies.take_slot(study.store)
    run = start_trial(study, "w")
    assert run is not None
    assert results.finish(study.engine, run.id, "w", result)
    tell_result(study, run.trial, result)
    return run.trial


def test_samplers_avoid_candidates_that_ran_out_of_memory(study: Study) -> None:
    number = finish(study, Result(state="failed", reason="out of memory: OOM when allocating tensor"))
    told = study.optuna.get_trials()[number]
    assert told.state == TrialState.PRUNED
    assert told.constraints == {"memory": 1.0}
    # And the sampler can do something with it.
    assert finish(study, Result(state="complete", validation={"accuracy": 0.5})) == number + 1


def test_other_failures_teach_samplers_nothing(study: Study) -> None:
    number = finish(study, Result(state="failed", reason="the loss became nan in epoch 1"))
    told = study.optuna.get_trials()[number]
    assert (told.state, told.constraints) == (TrialState.FAIL, {})


def test_a_stored_result_is_reported_to_optuna_later(study: Study) -> None:
    assert studies.take_slot(study.store)
    run = start_trial(study, "w")
    assert run is not None
    assert results.finish(study.engine, run.id, "w", Result(state="complete", validation={"accuracy": 0.75}))
    assert recover(study)
    [told] = [trial for trial in study.optuna.get_trials() if trial.state.is_finished()]
    assert told.values == [0.75]
    assert not recover(study)


def test_a_trial_taken_but_never_started_returns_to_the_budget(study: Study) -> None:
    assert studies.take_slot(study.store)
    assert recover(study)
    assert studies.get_study(study.store).slots_taken == 0
    assert not recover(study)


def test_a_slow_worker_does_not_exceed_the_budget(study: Study) -> None:
    studies.set_budget(study.store, trial_budget=1, time_budget=None)
    assert studies.take_slot(study.store)  # The slow one's.
    assert recover(study)
    assert studies.take_slot(study.store)
    assert start_trial(study, "quick") is not None
    assert start_trial(study, "slow") is None
    states = [trial.state for trial in study.optuna.get_trials()]
    assert states == [TrialState.RUNNING, TrialState.WAITING]
    assert studies.get_study(study.store).slots_taken == 1
    # Whoever raises the budget gets it.
    studies.set_budget(study.store, trial_budget=2, time_budget=None)
    run = start_trial(study, "slow")
    assert run is not None
    assert run.trial == 1
