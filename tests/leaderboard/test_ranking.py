"""Ranking and ties."""

import json
import math
import statistics

import pytest
from sqlalchemy import Engine
from support.studies import (
    ACCURACY,
    ACCURACY_AND_LATENCY,
    add_finalist,
    add_trial,
    candidate,
    complete,
    make_study,
)

from automap.exceptions import UserError
from automap.leaderboard.board import Leaderboard
from automap.leaderboard.export import to_json
from automap.leaderboard.ranking import rank
from automap.store import leases, measurements, results, runs, studies
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.store.study_store import StudyStore


def shape(board: Leaderboard) -> list[tuple[int | None, int, str]]:
    return [(row.rank, row.trial, row.state) for row in board.rows]


def test_complete_trials_by_value_and_only_these(engine: Engine) -> None:
    study = make_study(engine)
    for trial, accuracy in enumerate((0.5, 0.9, 0.7)):
        add_trial(engine, study, trial, complete(accuracy))
    add_trial(engine, study, 3, Result(state="pruned", validation={"accuracy": 0.99}))
    add_trial(engine, study, 4, Result(state="failed", reason="out of memory"))
    board = rank(engine, [study])
    assert shape(board) == [(1, 1, "complete"), (2, 2, "complete"), (3, 0, "complete")]
    assert board.rows[0].test is None
    assert (board.ranked, board.counts["pruned"], board.counts["failed"]) == (3, 1, 1)


def test_smaller_is_better_where_it_is_minimized(engine: Engine) -> None:
    study = make_study(engine, objectives=({"metric": "log_loss", "direction": "minimize"},))
    for trial, accuracy in enumerate((0.5, 0.9, 0.7)):
        add_trial(engine, study, trial, complete(accuracy))
    assert [row.trial for row in rank(engine, [study]).rows] == [1, 2, 0]


def test_an_empty_study_has_an_empty_board(engine: Engine) -> None:
    board = rank(engine, [make_study(engine)])
    assert (board.rows, board.ranked) == ((), 0)


def test_finalists_come_first_with_mean_and_spread(engine: Engine) -> None:
    study = make_study(engine)
    for trial, accuracy in enumerate((0.99, 0.95, 0.90)):
        add_trial(engine, study, trial, complete(accuracy))
    add_finalist(engine, study, 1, [0.80, 0.84, 0.85])
    board = rank(engine, [study])
    assert shape(board) == [(1, 1, "finalist"), (2, 0, "complete"), (3, 2, "complete")]
    first = board.rows[0]
    assert (first.seeds, board.rows[1].seeds) == (3, 1)
    assert first.validation["accuracy"].mean == pytest.approx(0.83)
    assert first.validation["accuracy"].std == pytest.approx(statistics.stdev([0.80, 0.84, 0.85]))
    assert first.test is not None
    assert first.test["accuracy"].mean == pytest.approx(0.82)
    assert first.artifacts == "/data/digits/final-1-2"
    assert first.cost["parameters"] == 12_345
    assert board.ranked == 3


def test_the_best_test_metric_does_not_make_a_winner(engine: Engine) -> None:
    study = make_study(engine)
    for trial in (0, 1):
        add_trial(engine, study, trial, complete(0.9))
    for seed in (1000, 1001):
        add_trial(engine, study, 0, complete(0.90, test={"accuracy": 0.99}), seed=seed)
        add_trial(engine, study, 1, complete(0.95, test={"accuracy": 0.50}), seed=seed)
    assert [row.trial for row in rank(engine, [study]).rows] == [1, 0]


def test_a_finalist_whose_trainings_all_failed_is_ranked_as_a_trial(engine: Engine) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9))
    add_trial(engine, study, 0, Result(state="failed", reason="out of memory"), seed=1000)
    assert shape(rank(engine, [study])) == [(1, 0, "complete")]


def test_rows_within_their_spread_share_a_rank(engine: Engine) -> None:
    study = make_study(engine)
    # Standard deviations of 0.01: the difference may be as large as 0.0141.
    centres = {0: 0.90, 1: 0.887, 2: 0.874, 3: 0.80}
    for trial, centre in centres.items():
        add_trial(engine, study, trial, complete(centre))
        add_finalist(engine, study, trial, [centre - 0.01, centre, centre + 0.01])
    # Trial 2 cannot be told from 1, but from 0, the first of that rank.
    assert shape(rank(engine, [study])) == [
        (1, 0, "finalist"),
        (1, 1, "finalist"),
        (3, 2, "finalist"),
        (4, 3, "finalist"),
    ]


def test_single_trainings_share_a_rank_only_if_equal(engine: Engine) -> None:
    study = make_study(engine)
    for trial, accuracy in enumerate((0.9, 0.9, 0.8999)):
        add_trial(engine, study, trial, complete(accuracy))
    assert shape(rank(engine, [study])) == [(1, 0, "complete"), (1, 1, "complete"), (3, 2, "complete")]


def test_limits_apply_and_zero_is_not_all(engine: Engine) -> None:
    study = make_study(engine)
    for trial in range(6):
        add_trial(engine, study, trial, complete(0.9 - trial / 100))
    add_finalist(engine, study, 3, [0.8, 0.81])
    board = rank(engine, [study], limit=3)
    assert shape(board) == [(1, 3, "finalist"), (2, 0, "complete"), (3, 1, "complete")]
    assert board.ranked == 6
    assert len(rank(engine, [study], limit=None).rows) == 6


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("cost.latency_ms", [2, 1, 0]),
        ("latency", [2, 1, 0]),
        ("validation.log_loss", [0, 1, 2]),
        ("log_loss", [0, 1, 2]),
        ("validation.accuracy", [0, 1, 2]),
        ("test.accuracy", [1]),
    ],
)
def test_sorting_by_another_metric(engine: Engine, sort: str, expected: list[int]) -> None:
    study = make_study(engine)
    for trial, (accuracy, latency) in enumerate(((0.9, 3.0), (0.8, 2.0), (0.7, 1.0))):
        add_trial(engine, study, trial, complete(accuracy, latency=latency))
    for seed in (1000, 1001):
        add_trial(engine, study, 1, complete(0.8, latency=2.0, test={"accuracy": 0.75}), seed=seed)
    assert [row.trial for row in rank(engine, [study], sort=sort).rows] == expected


def test_the_direction_of_a_metric_comes_from_its_task(engine: Engine) -> None:
    study = make_study(engine)
    for trial, (better_if_small, better_if_large) in enumerate(((0.3, 0.5), (0.1, 0.9), (0.2, 0.7))):
        metrics = {"accuracy": 0.5, "calibration_error": better_if_small, "macro_f1": better_if_large}
        add_trial(engine, study, trial, Result(state="complete", validation=metrics))
    assert [row.trial for row in rank(engine, [study], sort="calibration_error").rows] == [1, 2, 0]
    assert [row.trial for row in rank(engine, [study], sort="validation.macro_f1").rows] == [1, 2, 0]


@pytest.mark.parametrize("name", ["1", "pixel_accuracy", "a.b", "loss", "[red]", "a'b", "\x1b[31m"])
def test_the_direction_of_a_metric_of_one_class(engine: Engine, name: str) -> None:
    study = make_study(engine, task="segmentation")
    for trial, value in enumerate((0.05, 0.5)):
        add_trial(engine, study, trial, Result(state="complete", validation={"accuracy": 0.5, f"iou_{name}": value}))
    assert [row.trial for row in rank(engine, [study], sort=f"iou_{name}").rows] == [1, 0]
    assert [row.trial for row in rank(engine, [study], sort=f"validation.iou_{name}").rows] == [1, 0]


def test_a_metric_name_that_sqlite_cannot_look_up_is_an_error(engine: Engine) -> None:
    study = make_study(engine, task="segmentation")
    add_trial(engine, study, 0, Result(state="complete", validation={"accuracy": 0.5, 'iou_a"b': 0.5}))
    with pytest.raises(UserError, match="double quote"):
        rank(engine, [study], sort='iou_a"b')


def test_a_metric_of_unknown_direction_is_an_error(engine: Engine) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, Result(state="complete", validation={"accuracy": 0.5, "speed": 1.0}))
    with pytest.raises(UserError, match="task 'classification' has no such metric"):
        rank(engine, [study], sort="speed")


@pytest.mark.parametrize(
    ("sort", "hint"),
    [
        ("validation.acuracy", "did you mean 'validation.accuracy'"),
        ("acuracy", "did you mean 'validation.accuracy'"),
        ("cost.latency", "did you mean 'cost.latency_ms'"),
        ("zzz", "available: validation.accuracy, validation.log_loss, cost.parameters"),
    ],
)
def test_an_unknown_metric(engine: Engine, sort: str, hint: str) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9))
    with pytest.raises(UserError, match=hint):
        rank(engine, [study], sort=sort)


def test_several_objectives_rank_by_fronts(engine: Engine) -> None:
    study = make_study(engine, objectives=ACCURACY_AND_LATENCY)
    points = [(0.9, 3.0), (0.8, 1.0), (0.85, 2.0), (0.84, 2.5), (0.7, 5.0)]
    for trial, (accuracy, latency) in enumerate(points):
        add_trial(engine, study, trial, complete(accuracy, latency=latency))
    assert [(row.rank, row.trial) for row in rank(engine, [study]).rows] == [
        (1, 0),
        (1, 2),
        (1, 1),
        (2, 3),
        (3, 4),
    ]
    front = rank(engine, [study], pareto=True)
    assert [row.trial for row in front.rows] == [0, 2, 1]
    by_latency = rank(engine, [study], pareto=True, sort="latency")
    assert [row.trial for row in by_latency.rows] == [1, 2, 0]


def test_finalists_with_several_objectives_come_first_and_join_the_front(engine: Engine) -> None:
    study = make_study(engine, objectives=ACCURACY_AND_LATENCY)
    for trial, (accuracy, latency) in enumerate([(0.9, 3.0), (0.8, 1.0), (0.5, 4.0)]):
        add_trial(engine, study, trial, complete(accuracy, latency=latency))
    for seed in (1000, 1001):
        add_trial(engine, study, 0, complete(0.6, latency=3.0, test={"accuracy": 0.6}), seed=seed)
    assert shape(rank(engine, [study])) == [(1, 0, "finalist"), (2, 1, "complete"), (3, 2, "complete")]
    assert [row.trial for row in rank(engine, [study], pareto=True).rows] == [1]


def test_several_studies_in_one_board(engine: Engine) -> None:
    one, two = make_study(engine, "one"), make_study(engine, "two")
    add_trial(engine, one, 0, complete(0.8))
    add_trial(engine, two, 0, complete(0.9, artifacts="trial-00000"))
    add_finalist(engine, two, 0, [0.85, 0.86])
    board = rank(engine, [one, two])
    assert [(row.study, row.trial, row.state) for row in board.rows] == [
        ("two", 0, "finalist"),
        ("one", 0, "complete"),
    ]
    assert board.rows[0].artifacts == "/data/two/final-0-1"
    assert board.counts["complete"] == 2


def test_studies_with_other_objectives_do_not_mix(engine: Engine) -> None:
    one = make_study(engine, "one", objectives=ACCURACY)
    two = make_study(engine, "two", objectives=ACCURACY_AND_LATENCY)
    with pytest.raises(UserError, match="maximize accuracy; maximize accuracy, minimize latency"):
        rank(engine, [one, two])


def test_trials_that_ended_otherwise_are_listed_on_demand(engine: Engine) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9))
    add_trial(engine, study, 1, Result(state="pruned", validation={"accuracy": 0.99}))
    add_trial(engine, study, 2, Result(state="failed", reason="out of memory"))
    everything = rank(engine, [study], state="all")
    assert shape(everything) == [(1, 0, "complete"), (None, 2, "failed"), (None, 1, "pruned")]
    failed = rank(engine, [study], state="failed")
    assert shape(failed) == [(None, 2, "failed")]
    assert failed.rows[0].reason == "out of memory"


def test_open_runs_are_counted(engine: Engine) -> None:
    study = make_study(engine)
    for trial, worker in enumerate(("a", None, None)):
        runs.start_run(StudyStore(engine, study.id), NewRun(trial, "search", 0, candidate(), 3), worker)
    counts = rank(engine, [study]).counts
    assert (counts["running"], counts["waiting"], counts["complete"]) == (1, 2, 0)


def test_a_trial_without_its_objective_is_not_ranked(engine: Engine) -> None:
    study = make_study(engine, objectives=ACCURACY_AND_LATENCY)
    add_trial(engine, study, 0, complete(0.9))
    add_trial(
        engine,
        study,
        1,
        Result(state="complete", validation={"accuracy": math.nan}, cost={"latency_ms": 1.0}),
    )
    assert [row.trial for row in rank(engine, [study]).rows] == [0]


def test_paused_trials_come_below_the_ranked_ones_with_what_they_have_trained(engine: Engine) -> None:
    study = make_study(engine, "paused", spec={"training": {"epochs": 8}})
    store = StudyStore(engine, study.id)
    studies.fix_rungs(store, [100, 400, 800])
    add_trial(engine, study, 0, complete(0.8))
    for trial, (images, accuracy) in enumerate([(100, 0.9), (400, 0.7)], start=1):
        run = runs.start_run(store, runs.NewRun(trial, "search", trial, candidate(), 8), "writer")
        measurements.add_measurement(store, trial, images, {"accuracy": accuracy}, 5.0)
        leases.pause(engine, run.id, "writer")
    rows = rank(engine, [studies.get_study(store)]).rows
    assert [(row.trial, row.state, row.rank, row.epochs) for row in rows] == [
        (0, "complete", 1, None),
        (2, "paused", None, 4.0),
        (1, "paused", None, 1.0),
    ]
    assert rows[1].validation["accuracy"].mean == 0.7
    assert rows[1].reason == "paused after 4 of at most 8 epochs"
    only = rank(engine, [studies.get_study(store)], state="paused").rows
    assert [row.trial for row in only] == [2, 1]


def test_an_ensemble_is_ranked_with_the_finalists_and_names_its_members(engine: Engine) -> None:
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9))
    add_finalist(engine, study, 0, (0.91, 0.93))
    members = [{"trial": 0, "seed": 1000, "weight": 0.6}, {"trial": 0, "seed": 1001, "weight": 0.4}]
    store = StudyStore(engine, study.id)
    for seed, accuracy in ((1, 0.5), (2, 0.95)):  # The latest one counts.
        new = NewRun(0, "ensemble", seed, {**candidate(), "ensemble": {"members": members}}, 0)
        results.add_finished(store, new, complete(accuracy, test={"accuracy": 0.94}, artifacts=f"ensemble-{seed}"))
    board = rank(engine, [study])
    assert shape(board) == [(1, 0, "ensemble"), (2, 0, "finalist")]
    assert board.rows[0].members == tuple(members)
    assert board.rows[0].test is not None
    assert "ensemble" not in board.rows[0].candidate
    assert board.counts["complete"] == 1
    assert "ensemble of trials 0 (60%), 0 (40%)" in str(board)
    assert json.loads(to_json(board))["rows"][0]["members"] == members
    assert studies.list_studies(engine)[0].counts == {"complete": 1, "final": 2}
