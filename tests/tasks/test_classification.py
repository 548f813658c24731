"""Classification's metrics against scikit-learn and against numbers computed by hand."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from support.infos import data_info

from automap.interfaces.data_info import DataInfo
from automap.tasks.classification.metrics import area_under_roc, calibration_error, log_softmax
from automap.tasks.classification.task import Classification


def info_of(classes: int) -> DataInfo:
    names = tuple(f"class {index}" for index in range(classes))
    return data_info(image_shape=(8, 8, 1), classes=names, train_size=1, mean=(0,), std=(1,))


def evaluate(targets, logits, *, batch: int = 100) -> dict[str, float]:
    evaluator = Classification().evaluator(info_of(logits.shape[1]))
    for start in range(0, len(targets), batch):
        evaluator.update(targets[start : start + batch], logits[start : start + batch], {})
    return evaluator.compute()


@pytest.fixture(scope="module")
def digits():
    """Logits of a weak real classifier on real images of digits, as (targets, logits)."""
    images, targets = load_digits(return_X_y=True)
    weak = LogisticRegression(max_iter=15, C=1e-4).fit(images[:900, ::3], targets[:900])
    return targets[900:], weak.decision_function(images[900:, ::3])


@pytest.mark.filterwarnings("ignore")
def test_metrics_equal_those_of_scikit_learn(digits):
    targets, logits = digits
    probabilities = np.exp(log_softmax(logits.astype(np.float32)))
    decisions = logits.argmax(axis=1)
    found = evaluate(targets, logits)
    expected = {
        "accuracy": metrics.accuracy_score(targets, decisions),
        "top5_accuracy": metrics.top_k_accuracy_score(targets, logits, k=5),
        "macro_f1": metrics.f1_score(targets, decisions, average="macro"),
        "balanced_accuracy": metrics.balanced_accuracy_score(targets, decisions),
        "auroc": metrics.roc_auc_score(targets, probabilities, multi_class="ovr"),
        "log_loss": metrics.log_loss(targets, probabilities),
    }
    assert 0.3 < found["accuracy"] < 0.95
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_an_evaluator_computes_the_declared_metrics_except_the_loss(digits):
    assert set(evaluate(*digits)) == set(Classification.metrics) - {"loss"}


def test_the_size_of_batches_does_not_matter(digits):
    assert evaluate(*digits, batch=7) == pytest.approx(evaluate(*digits, batch=10_000), rel=1e-12)


def test_two_classes_have_the_area_of_the_second():
    targets = np.array([0, 0, 1, 1, 1])
    logits = np.array([[2.0, 0.0], [0.0, 0.5], [0.0, 0.4], [0.0, 3.0], [1.0, 1.5]])
    found = evaluate(targets, logits)
    # Of the six pairs of a negative and a positive, the one of the second and the third image is wrong, and
    # the one of the second and the last, which are equal, counts half.
    assert found["auroc"] == pytest.approx(4.5 / 6)
    assert found["top5_accuracy"] == 1.0


@pytest.mark.filterwarnings("error")
def test_a_class_that_no_image_has_is_left_out_of_the_means():
    targets = np.array([0, 0, 2, 2])
    logits = np.array([[3.0, 0, 0], [-1, 3.0, 0], [0, 0, 3.0], [0, 0, 3.0]])
    found = evaluate(targets, logits)
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1.0) / 2)
    assert found["auroc"] == pytest.approx((0.5 + 1.0) / 2)


def test_the_area_is_left_out_where_all_images_have_one_class():
    found = evaluate(np.zeros(3, int), np.eye(3))
    assert "auroc" not in found
    assert found["accuracy"] == pytest.approx(1 / 3)


def test_ties_count_half():
    assert area_under_roc(np.array([0, 1]), np.full((2, 2), 0.5)) == 0.5


def test_the_calibration_error_is_that_of_scikit_learns_curve(digits):
    targets, logits = digits
    probabilities = np.exp(log_softmax(logits.astype(np.float32)))
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    accuracies, confidences = calibration_curve(right, confidence, n_bins=15)
    counts, _ = np.histogram(confidence, np.linspace(0, 1, 16))
    expected = np.average(np.abs(accuracies - confidences), weights=counts[counts > 0])
    assert expected > 0.01
    assert evaluate(targets, logits)["calibration_error"] == pytest.approx(expected, rel=1e-6)


def test_calibration_error_by_hand():
    # Confidence 0.9 twice, right once: a gap of 0.4; confidence 0.6 once, right: a gap of 0.4 too.
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4]])
    assert calibration_error(np.array([0, 0, 0]), probabilities) == pytest.approx((2 * 0.4 + 0.4) / 3)


def test_calibration_error_is_zero_for_honest_confidence():
    probabilities = np.tile([0.75, 0.25], (4, 1))
    assert calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx(0, abs=1e-12)


def test_huge_logits_do_not_overflow():
    found = evaluate(np.array([0, 1]), np.array([[1e30, 0.0], [3e38, -3e38]]))
    assert np.isfinite(list(found.values())).all()
    assert found["log_loss"] > 1e30


def test_answers_are_sorted_and_name_the_classes():
    [answer] = Classification().decode(np.array([[0.0, 2.0, 1.0]]), info_of(3))
    assert answer.label == "class 1"
    assert answer.probability == pytest.approx(np.exp(2) / (1 + np.exp(1) + np.exp(2)))
    assert [entry.label for entry in answer.classes] == ["class 1", "class 2", "class 0"]
    assert sum(entry.probability for entry in answer.classes) == pytest.approx(1)
    first, second = answer.classes[:2]
    assert answer.rows() == [{"label": "class 1", "probability": first.probability}]
    assert answer.rows(2) == [{**answer.rows()[0], "label_2": "class 2", "probability_2": second.probability}]
    assert answer.in_image(None) == answer


def test_targets_become_one_hot_labels():
    labels = Classification().prepare(np.array([2, 0], np.int32), info_of(3))["labels"]
    assert np.asarray(labels).tolist() == [[0, 0, 1], [1, 0, 0]]
