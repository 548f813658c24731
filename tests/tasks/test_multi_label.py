"""Multi-label metrics against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from support.infos import data_info

from automap.interfaces.data_info import DataInfo
from automap.tasks.multi_label.task import MultiLabel

NAMES = ("even", "prime", "round", "above four")


@pytest.fixture(scope="module")
def digits():
    """Labels of real digits, and logits of weak classifiers of each, as (labels, logits)."""
    images, digit = load_digits(return_X_y=True)
    labels = np.stack([digit % 2 == 0, np.isin(digit, [2, 3, 5, 7]), np.isin(digit, [0, 6, 8, 9]), digit > 4], axis=1)
    weak = MultiOutputClassifier(LogisticRegression(max_iter=20, C=1e-4)).fit(images[:600, ::4], labels[:600])
    logits = [each.decision_function(images[600:, ::4]) for each in weak.estimators_]
    return labels[600:].astype(np.uint8), np.stack(logits, axis=1)


def info() -> DataInfo:
    return data_info("labels", image_shape=(8, 8, 1), classes=NAMES, train_size=1, mean=(0,), std=(1,))


def evaluate(labels, logits, *, batch: int = 100) -> dict[str, float]:
    evaluator = MultiLabel().evaluator(info())
    for start in range(0, len(labels), batch):
        evaluator.update(labels[start : start + batch], logits[start : start + batch], {})
    return evaluator.compute()


def test_metrics_equal_those_of_scikit_learn(digits):
    labels, logits = digits
    found = evaluate(labels, logits)
    expected = {
        "mean_average_precision": metrics.average_precision_score(labels, logits, average="macro"),
        "micro_f1": metrics.f1_score(labels, logits > 0, average="micro"),
        "macro_f1": metrics.f1_score(labels, logits > 0, average="macro"),
        "exact_match": metrics.accuracy_score(labels, logits > 0),
        "auroc": metrics.roc_auc_score(labels, logits, average="macro"),
    }
    assert found == pytest.approx(expected, rel=1e-6)
    assert 0.3 < found["mean_average_precision"] < 0.99
    assert set(found) == set(MultiLabel.metrics) - {"loss"}
    assert evaluate(labels, logits, batch=7) == pytest.approx(found, rel=1e-12)


def test_average_precision_by_hand():
    labels = np.array([[1], [0], [1], [0]])
    # In the order of scores: right, wrong, right, wrong; precision 1 at the first and 2/3 at the second hit.
    found = evaluate(labels, np.array([[4.0], [3.0], [2.0], [-1.0]]))
    assert found["mean_average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["exact_match"] == 0.75


@pytest.mark.filterwarnings("error")
def test_a_label_that_no_image_has_counts_in_no_mean(digits):
    labels, logits = digits
    more = np.concatenate([labels, np.zeros_like(labels[:, :1])], axis=1)
    found = evaluate(more, np.concatenate([logits, -np.ones_like(logits[:, :1])], axis=1))
    assert found == pytest.approx(evaluate(labels, logits))


@pytest.mark.filterwarnings("error")
def test_images_without_any_label():
    found = evaluate(np.zeros((3, 2)), -np.ones((3, 2)))
    assert found == {"micro_f1": 0.0, "exact_match": 1.0}


def test_an_answer_names_the_labels_that_hold():
    [answer] = MultiLabel().decode(np.array([[3.0, -1.0, 0.0, -400.0]]), info())
    assert answer.labels == ("even", "round")
    assert [entry.label for entry in answer.classes] == ["even", "round", "prime", "above four"]
    assert answer.classes[0].probability == pytest.approx(1 / (1 + np.exp(-3)))
    [row] = answer.rows()
    assert list(row) == ["labels", "above four", "even", "prime", "round"]
    assert (row["labels"], row["even"]) == ("even; round", answer.classes[0].probability)
