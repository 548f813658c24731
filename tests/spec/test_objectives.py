"""Objectives and constraints."""

import pytest

from automap.spec.objectives import Constraint, Objective, objective_value


def test_a_constraint_says_by_how_much_it_is_violated():
    constraint = Constraint(metric="latency", max=5)
    assert constraint.violation({"latency_ms": 7.5}) == pytest.approx(2.5)
    assert constraint.violation({"latency_ms": 4.0}) == pytest.approx(-1)
    assert constraint.violation({}) is None
    assert constraint.describe({"latency_ms": 7.5}) == "latency is 7.5, allowed is at most 5"


def test_non_finite_values_are_missing():
    goal = Objective(metric="auroc", direction="maximize")
    assert objective_value(goal, {"auroc": float("nan")}, {}) is None
    assert objective_value(goal, {"auroc": 0.5}, {}) == 0.5
