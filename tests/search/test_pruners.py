"""Stopping weak trials where there are several objectives."""

import pytest

from automap.search.pruners import is_rung, is_weak, longest_training
from automap.spec.spec import Spec

UP_DOWN = ["maximize", "minimize"]


def test_rungs_are_powers_of_three():
    assert [epoch for epoch in range(1, 100) if is_rung(epoch)] == [1, 3, 9, 27, 81]


def test_a_dominated_trial_is_weak_and_a_front_is_not():
    others = [(0.9, 10.0), (0.8, 5.0), (0.5, 20.0)]
    assert is_weak((0.4, 30.0), others, UP_DOWN)
    assert not is_weak((0.95, 30.0), others, UP_DOWN)
    assert not is_weak((0.1, 1.0), others, UP_DOWN)


def test_the_first_at_a_rung_goes_on():
    assert not is_weak((0.1, 99.0), [], UP_DOWN)


@pytest.mark.parametrize(("epochs", "longest"), [(7, 7), ({"low": 2, "high": 9}, 9), ({"choices": [3, 12, 5]}, 12)])
def test_the_longest_training_of_a_spec(epochs, longest):
    assert longest_training(Spec(dataset="sklearn", training={"epochs": epochs})) == longest
