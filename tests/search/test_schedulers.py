"""Schedulers against Optuna's pruners, where those exist, and against their definition."""

from __future__ import annotations

import random
from dataclasses import replace

import optuna
import pytest

from automap.interfaces.sampler import SearchSpace
from automap.interfaces.scheduler import (
    Decision,
    Measurement,
    Scheduler,
    StudyHistory,
    TrialHistory,
    geometric_rungs,
)
from automap.search.schedulers.asha import ASHA
from automap.search.schedulers.hyperband import Hyperband
from automap.search.schedulers.median import Median
from automap.search.schedulers.none import NoScheduler
from automap.search.schedulers.promotion import Promotion
from automap.spec.space import dump_space, largest_number
from automap.spec.spec import Spec

LONGEST = 27


def history(scheduler: Scheduler, directions=("minimize",), longest: int = LONGEST) -> StudyHistory:
    return StudyHistory("study", directions, scheduler.rungs(1, longest), (), SearchSpace(directions, ()))


def trial(number: int, *values: float | tuple[float, ...], rungs=(1, 3, 9), state="running") -> TrialHistory:
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    found = tuple(Measurement(rung, row, 1.0) for rung, row in zip(rungs, rows, strict=False))
    return TrialHistory(number, state, LONGEST, found, {})


def states_by(scheduler: Scheduler, curves: list[list[float]]) -> list[tuple[str, int]]:
    """Train one trial after another; return each one's end and length."""
    study, ends = history(scheduler), []
    for number, curve in enumerate(curves):
        ends.append(("complete", LONGEST))
        this = TrialHistory(number, "running", LONGEST, (), {})
        for rung in study.rungs[:-1]:
            this = replace(this, measurements=(*this.measurements, Measurement(rung, (curve[rung],), 1.0)))
            if scheduler.decide(this, replace(study, trials=(*study.trials, this))) == Decision.STOP:
                ends[-1] = ("pruned", rung)
                break
        this = replace(this, state=ends[-1][0])
        study = replace(study, trials=(*study.trials, this))
    return ends


def states_by_optuna(pruner: optuna.pruners.BasePruner, curves: list[list[float]]) -> list[tuple[str, int]]:
    study, ends = optuna.create_study(study_name="study", pruner=pruner), []
    for curve in curves:
        trial, end = study.ask(), ("complete", LONGEST)
        for step in range(1, LONGEST):
            trial.report(curve[step], step)
            if trial.should_prune():
                end = ("pruned", step)
                break
        state = optuna.trial.TrialState.COMPLETE if end[0] == "complete" else optuna.trial.TrialState.PRUNED
        study.tell(trial, curve[LONGEST] if end[0] == "complete" else None, state=state)
        ends.append(end)
    return ends


@pytest.mark.parametrize(
    ("scheduler", "pruner"),
    [
        (ASHA(), optuna.pruners.SuccessiveHalvingPruner(1, 3)),
        (ASHA(reduction=4), optuna.pruners.SuccessiveHalvingPruner(1, 4)),
        (Hyperband(), optuna.pruners.HyperbandPruner(1, LONGEST, 3)),
        (NoScheduler(), optuna.pruners.NopPruner()),
    ],
)
def test_trials_end_where_optunas_pruner_ends_them(scheduler, pruner):
    generator = random.Random(0)
    curves = [[generator.random() / (1 + step) for step in range(LONGEST + 1)] for _ in range(60)]
    ends = states_by(scheduler, curves)
    assert ends == states_by_optuna(pruner, curves)
    assert isinstance(scheduler, NoScheduler) or any(state == "pruned" for state, _ in ends)


def test_the_median_rule_waits_for_completed_trials_and_then_stops_the_worse_half():
    scheduler = Median(startup_trials=3, warmup_rungs=1)
    study = history(scheduler)
    done = tuple(trial(number, 1.0, float(number), rungs=(1, 2), state="complete") for number in range(3))
    weak, good = trial(3, 1.0, 1.5, rungs=(1, 2)), trial(3, 1.0, 0.5, rungs=(1, 2))
    assert scheduler.decide(weak, replace(study, trials=(*done, weak))) == Decision.STOP
    assert scheduler.decide(good, replace(study, trials=(*done, good))) == Decision.CONTINUE
    assert scheduler.decide(weak, replace(study, trials=(*done[:2], weak))) == Decision.CONTINUE
    first = trial(3, 9.0)
    assert scheduler.decide(first, replace(study, trials=(*done, first))) == Decision.CONTINUE


def test_with_several_objectives_only_dominated_trials_stop():
    scheduler, others = ASHA(), [(0.9, 10.0), (0.8, 5.0), (0.5, 20.0)]
    study = history(scheduler, ("maximize", "minimize"))
    reached = tuple(trial(number, values) for number, values in enumerate(others))
    for values, expected in [((0.4, 30.0), Decision.STOP), ((0.95, 30.0), Decision.CONTINUE)]:
        new = trial(3, values)
        assert scheduler.decide(new, replace(study, trials=(*reached, new))) == expected


def test_cohorts_compete_apart_at_the_first_rung_only():
    scheduler = Promotion(reduction=4)
    study = history(scheduler, longest=16)
    model = [trial(number, number / 100, rungs=(1, 4), state="paused") for number in range(4)]
    at_random = [trial(number, 0.5 + number / 100, rungs=(1, 4), state="paused") for number in range(4, 8)]
    trials = [replace(each, cohort="model") for each in model] + [replace(each, cohort="random") for each in at_random]
    assert scheduler.next_trial(replace(study, trials=tuple(trials))) == 0
    # Together, the model's second trial would be next.
    trials[0] = replace(trial(0, 0.0, 0.9, rungs=(1, 4), state="paused"), cohort="model")
    assert scheduler.next_trial(replace(study, trials=tuple(trials))) == 4
    # At the second rung the better one is next, whichever cohort it belongs to.
    for number in range(4, 7):
        reached = trial(number, 0.5 + number / 100, number / 100, rungs=(1, 4), state="paused")
        trials[number] = replace(reached, cohort="random")
    assert scheduler.next_trial(replace(study, trials=tuple(trials))) == 4


def test_promotion_pauses_and_resumes_the_best_quarter():
    scheduler = Promotion(reduction=4)
    study = replace(history(scheduler), rungs=(1, 4, 27))
    paused = [trial(number, value, rungs=(1, 4), state="paused") for number, value in enumerate([3.0, 1.0, 2.0])]
    new = trial(3, 4.0, rungs=(1, 4))
    assert scheduler.next_trial(replace(study, trials=tuple(paused))) is None
    four = replace(study, trials=(*paused, new))
    assert scheduler.decide(new, four) == Decision.PAUSE
    assert scheduler.next_trial(four) == 1
    promoted = trial(1, 1.0, 0.5, rungs=(1, 4), state="paused")
    assert scheduler.next_trial(replace(study, trials=(paused[0], promoted, paused[2], new))) is None


def test_promotion_continues_a_trial_that_would_be_resumed_at_once():
    scheduler = Promotion(reduction=4)
    paused = tuple(trial(number, 2.0, rungs=(1,), state="paused") for number in range(3))
    best = trial(3, 1.0, rungs=(1,))
    study = replace(history(scheduler), rungs=(1, 4, 27), trials=(*paused, best))
    assert scheduler.decide(best, study) == Decision.CONTINUE


def test_rungs_grow_by_the_reduction_and_end_with_the_longest_training():
    assert geometric_rungs(1, 81, 3) == (1, 3, 9, 27, 81)
    assert geometric_rungs(100, 1000, 3) == (100, 300, 1000)
    assert geometric_rungs(100, 50, 3) == (50,)


@pytest.mark.parametrize(
    ("epochs", "longest"),
    [
        (7, 7),
        ({"low": 2, "high": 9}, 9),
        ({"choices": [3, 12, 5]}, 12),
        ({"choices": [10, {"low": 5, "high": 20}]}, 20),
    ],
)
def test_the_longest_training_of_a_spec(epochs, longest):
    spec = Spec(dataset="sklearn", training={"epochs": epochs})
    assert largest_number(dump_space(spec.training.fields["epochs"])) == longest
