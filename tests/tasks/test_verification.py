"""Metrics over pairs of embeddings against scikit-learn, on real images."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.model_selection import LeaveOneOut, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from automap.tasks.face_recognition.task import FaceRecognition
from automap.tasks.face_recognition.verification import (
    Pairs,
    best_threshold,
    compare_all,
    rank_one,
    true_accept_rate,
    verification_accuracy,
)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels of 400 digits as embeddings: they tell identities apart, though not well."""
    images, targets = load_digits(return_X_y=True)
    centred = images[:400] - images.mean(axis=0)
    return targets[:400], (centred / np.linalg.norm(centred, axis=1, keepdims=True)).astype(np.float32)


def evaluate(targets, embeddings, *, batch: int = 64) -> dict[str, float]:
    evaluator = FaceRecognition().evaluator(None)
    for start in range(0, len(targets), batch):
        evaluator.update(targets[start : start + batch], embeddings[start : start + batch], {})
    return evaluator.compute()


def all_pairs(targets, embeddings) -> Pairs:
    first, second = np.triu_indices(len(targets), 1)
    return Pairs((embeddings[first] * embeddings[second]).sum(axis=1), targets[first] == targets[second])


def test_an_evaluator_computes_the_declared_metrics(digits):
    found = evaluate(*digits)
    assert set(found) == set(FaceRecognition.metrics)
    assert 0.6 < found["verification_accuracy"] < 0.99


def test_the_area_is_that_of_scikit_learn_over_all_pairs(digits):
    scores, same = all_pairs(*digits)
    assert evaluate(*digits)["auroc"] == pytest.approx(metrics.roc_auc_score(same, scores), abs=1e-6)


@pytest.mark.parametrize(("name", "rate"), [("tar_at_far_1e2", 1e-2), ("tar_at_far_1e3", 1e-3)])
def test_accept_rates_lie_on_the_curve_of_scikit_learn(digits, name, rate):
    scores, same = all_pairs(*digits)
    false, true, _ = metrics.roc_curve(same, scores, drop_intermediate=False)
    assert evaluate(*digits)[name] == pytest.approx(true[false <= rate].max(), abs=1e-4)


def test_rank_one_is_the_leave_one_out_accuracy_of_the_nearest_neighbour(digits):
    targets, embeddings = digits
    nearest = KNeighborsClassifier(1, metric="cosine")
    expected = cross_val_score(nearest, embeddings, targets, cv=LeaveOneOut()).mean()
    assert rank_one(targets, embeddings) == pytest.approx(expected, abs=1e-3)


def test_the_threshold_is_the_best_of_all(digits):
    scores, same = all_pairs(*digits)
    accuracies = [((scores >= threshold) == same).mean() for threshold in np.unique(scores)[::20]]
    found = best_threshold(Pairs(scores, same))
    assert ((scores >= found) == same).mean() >= max(accuracies)


def test_the_threshold_decides_best_where_both_kinds_of_pair_are_as_frequent(digits):
    scores, same = all_pairs(*digits)
    found = scores >= evaluate(*digits)["threshold"]
    false, true, _ = metrics.roc_curve(same, scores)
    best = ((true + 1 - false) / 2).max()
    assert best - 0.01 <= metrics.balanced_accuracy_score(same, found) <= best


def test_the_accuracy_of_folds_is_that_of_thresholds_chosen_elsewhere(digits):
    """The reference deals the same pairs to folds of scikit-learn and tries every score as threshold."""
    scores, same = all_pairs(*digits)
    chosen = np.concatenate([np.flatnonzero(same)[:300], np.flatnonzero(~same)[:300]])
    scores, same = scores[chosen], same[chosen]
    right = np.empty(600, bool)
    for known, held in StratifiedKFold(10, shuffle=True, random_state=1).split(scores, same):
        threshold = max(scores[known], key=lambda each: ((scores[known] >= each) == same[known]).mean())
        right[held] = (scores[held] >= threshold) == same[held]
    assert verification_accuracy(Pairs(scores, same)) == pytest.approx(right.mean(), abs=0.02)


def test_a_threshold_chosen_on_the_pairs_themselves_would_flatter():
    scores = np.random.default_rng(0).normal(size=200)
    noise = Pairs(scores, np.arange(200) < 100)
    threshold = best_threshold(noise)
    assert verification_accuracy(noise) < ((scores >= threshold) == noise.same).mean()


def test_perfect_and_useless_embeddings():
    targets = np.repeat(np.arange(4), 5)
    perfect = evaluate(targets, np.eye(4, dtype=np.float32)[targets])
    names = set(FaceRecognition.metrics) - {"threshold"}
    assert {name: perfect[name] for name in names} == dict.fromkeys(names, 1.0)
    assert perfect["threshold"] == pytest.approx(0.5)
    useless = evaluate(targets, np.ones((20, 4), np.float32) / 2)
    assert useless["auroc"] == pytest.approx(0.5)
    assert useless["verification_accuracy"] == pytest.approx(0.5)
    assert useless["tar_at_far_1e2"] == 0.0


def test_sampled_pairs_approximate_all_pairs(digits):
    every, some = compare_all(*digits), compare_all(*digits, limit=20_000)
    assert len(some.scores) < len(every.scores)
    assert some.same.sum() == min(20_000, every.same.sum())
    for rate in (1e-2, 1e-1):
        assert true_accept_rate(some, rate) == pytest.approx(true_accept_rate(every, rate), abs=0.05)
    sampled = compare_all(*digits, limit=5_000)
    assert sampled.same.sum() == 5_000
    area = [metrics.roc_auc_score(pairs.same, pairs.scores) for pairs in (every, sampled)]
    assert area[1] == pytest.approx(area[0], abs=0.01)
    np.testing.assert_array_equal(sampled.scores, compare_all(*digits, limit=5_000).scores)


def test_metrics_over_pairs_need_pairs_of_both_kinds():
    alone = evaluate(np.arange(3), np.eye(3, dtype=np.float32))
    assert alone == {}
    one = evaluate(np.zeros(3, int), np.eye(3, dtype=np.float32))
    assert one == {"rank1": 1.0}
