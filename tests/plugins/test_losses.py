"""The losses against NumPy and scikit-learn."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from support.infos import data_info

from automap.spec.plugins import load_plugin

INFO = data_info(
    image_shape=(8, 8, 1),
    classes=("a", "b", "c", "d", "e"),
    class_counts=(20, 50, 0, 99, 1),
    train_size=100,
    mean=(0,),
    std=(1,),
)
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(16, 5)).astype("float32") * 3
TARGETS = np.eye(5, dtype="float32")[RANDOM.integers(0, 5, 16)]
SOFT = 0.7 * TARGETS + 0.3 * np.roll(TARGETS, 1, axis=1)


def value(name: str, targets: np.ndarray, **settings: float) -> float:
    return float(load_plugin("automap.losses", name)(**settings).build(INFO)(targets, LOGITS))


@pytest.mark.parametrize("targets", [TARGETS, SOFT])
def test_cross_entropy(targets):
    expected = -(targets * log_softmax(LOGITS, axis=1)).sum(axis=1).mean()
    assert value("cross_entropy", targets) == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_a_share_over_all_classes():
    smooth = 0.9 * TARGETS + 0.1 / 5
    assert value("cross_entropy", TARGETS, label_smoothing=0.1) == pytest.approx(value("cross_entropy", smooth))


def test_focal_loss_downweights_easy_examples():
    known = (softmax(LOGITS, axis=1) * TARGETS).sum(axis=1)
    expected = ((1 - known) ** 2 * -np.log(known)).mean()
    assert value("focal", TARGETS, gamma=2.0) == pytest.approx(expected, rel=1e-3)
    assert value("focal", TARGETS, gamma=0.0) == pytest.approx(value("cross_entropy", TARGETS), rel=1e-3)


def test_squared_error_of_classes_is_the_brier_score_of_the_softmax():
    expected = ((softmax(LOGITS, axis=1) - TARGETS) ** 2).mean()
    assert value("squared_error", TARGETS) == pytest.approx(expected, rel=1e-5)
