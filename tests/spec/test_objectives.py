"""Ranking several objectives, and constraints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automap.spec.objectives import Constraint, Objective, non_dominated_ranks, objective_value

points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@given(points)
def test_each_front_is_dominated_by_the_one_before_and_not_from_within(rows):
    ranks = non_dominated_ranks(rows, ["minimize", "minimize"])
    for row, rank in zip(rows, ranks, strict=True):
        better = {other_rank for other, other_rank in zip(rows, ranks, strict=True) if dominates(other, row)}
        assert rank not in better
        assert rank == 0 or rank - 1 in better


def test_directions_count():
    assert non_dominated_ranks([[0.9, 10], [0.8, 5], [0.7, 9]], ["maximize", "minimize"]) == [0, 0, 1]


def test_a_constraint_says_by_how_much_it_is_violated():
    constraint = Constraint(metric="latency", max=5)
    assert constraint.violation({"latency_ms": 7.5}) == pytest.approx(2.5)
    assert constraint.violation({"latency_ms": 4.0}) == pytest.approx(-1)
    assert constraint.violation({}) is None
    assert constraint.describe({"latency_ms": 7.5}) == "latency is 7.5, allowed is at most 5"


def test_a_value_that_is_not_finite_is_no_value():
    goal = Objective(metric="auroc", direction="maximize")
    assert objective_value(goal, {"auroc": float("nan")}, {}) is None
    assert objective_value(goal, {"auroc": 0.5}, {}) == 0.5
