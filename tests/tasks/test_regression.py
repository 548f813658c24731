"""Metrics of regression against scikit-learn, in the units of the numbers."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from support.infos import data_info

from automap.interfaces.data_info import DataInfo
from automap.tasks.regression.task import Regression


def info(mean, std) -> DataInfo:
    return data_info(
        "numbers",
        names=tuple(f"number {index}" for index in range(len(mean))),
        target_mean=tuple(mean),
        target_std=tuple(std),
    )


@pytest.fixture(scope="module")
def digits():
    """How much ink lies in the upper half of real digits, and how far to the right, with a weak guess of both."""
    images = load_digits().images
    ink = images.sum(axis=(1, 2))
    numbers = np.stack([images[:, :4].sum(axis=(1, 2)), 100 * (images @ np.arange(8)).sum(axis=1) / ink], axis=1)
    seen = images.reshape(-1, 64)[:, 10:40:3]
    return numbers[900:], Ridge(1.0).fit(seen[:900], numbers[:900]).predict(seen[900:])


def evaluate(numbers, guesses) -> dict[str, float]:
    described = info(numbers.mean(axis=0), numbers.std(axis=0))
    evaluator = Regression().evaluator(described)
    outputs = (guesses - numbers.mean(axis=0)) / numbers.std(axis=0)
    for start in range(0, len(numbers), 100):
        evaluator.update(numbers[start : start + 100], outputs[start : start + 100], {})
    return evaluator.compute()


def test_metrics_equal_those_of_scikit_learn(digits):
    found = evaluate(*digits)
    expected = {
        "mae": metrics.mean_absolute_error(*digits),
        "rmse": metrics.root_mean_squared_error(*digits),
        "r2": metrics.r2_score(*digits),
    }
    assert found == pytest.approx(expected, rel=1e-6)
    assert 0 < found["r2"] < 0.99
    assert set(found) == set(Regression.metrics) - {"loss"}


def test_a_number_that_never_varies_counts_in_no_share_of_variance(digits):
    numbers, guesses = digits
    ones = np.ones((len(numbers), 1))
    evaluator = Regression().evaluator(info([0.0, 1.0], [1.0, 0.0]))
    evaluator.update(
        np.concatenate([numbers[:, :1], ones], axis=1), np.concatenate([guesses[:, :1], 0 * ones], axis=1), {}
    )
    assert evaluator.compute()["r2"] == pytest.approx(metrics.r2_score(numbers[:, 0], guesses[:, 0]))


def test_answers_have_the_units_of_the_numbers():
    described = info([10.0, -2.0], [2.0, 0.5])
    prepared = np.asarray(Regression().prepare(np.array([[1, 0], [-2, 2]], np.float32), described)["numbers"])
    np.testing.assert_array_equal(prepared, [[1, 0], [-2, 2]])
    answers = Regression().decode(prepared, described)
    assert answers[0].numbers == {"number 0": 12.0, "number 1": -2.0}
    assert answers[1].rows() == [{"number 0": 6.0, "number 1": -1.0}]


def test_large_numbers_that_differ_little_stay_apart_in_answers():
    described = info([1_700_000_025.0], [14.4])
    [answer] = Regression().decode(np.array([[1.0]], np.float32), described)
    assert answer.numbers["number 0"] == pytest.approx(1_700_000_039.4, abs=1e-3)
