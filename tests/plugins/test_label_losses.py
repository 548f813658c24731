"""Losses of independent labels and of numbers against NumPy and PyTorch's formulas."""

import keras
import numpy as np
import pytest
from scipy.special import expit
from support.infos import data_info

from automap.spec.plugins import load_plugin

INFO = data_info(
    "labels",
    image_shape=(8, 8, 1),
    classes=("common", "rare", "never", "always"),
    class_counts=(50, 1, 0, 100),
    train_size=100,
    mean=(0,),
    std=(1,),
)
RANDOM = np.random.default_rng(0)
LOGITS = (RANDOM.normal(size=(16, 4)) * 3).astype("float32")
LABELS = RANDOM.integers(0, 2, (16, 4)).astype("float32")


def value(name: str, targets: np.ndarray, outputs: np.ndarray, **settings) -> float:
    return float(load_plugin("automap.losses", name)(**settings).build(INFO)(targets, outputs))


@pytest.mark.parametrize("labels", [LABELS, 0.8 * LABELS + 0.1])
def test_binary_cross_entropy(labels):
    p = expit(LOGITS.astype("float64"))
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
    assert value("binary_cross_entropy", labels, LOGITS) == pytest.approx(expected, rel=1e-5)


def test_positive_labels_weigh_as_much_as_asked():
    p = expit(LOGITS.astype("float64"))
    expected = -(3 * LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p)).mean()
    assert value("binary_cross_entropy", LABELS, LOGITS, positive_weight=3) == pytest.approx(expected, rel=1e-5)


def test_balanced_weights_make_both_sides_of_a_label_weigh_the_same():
    weights = np.array([1, 99, 100, 0])
    p = expit(LOGITS.astype("float64"))
    expected = -(weights * LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p)).mean()
    found = value("binary_cross_entropy", LABELS, LOGITS, positive_weight="balanced")
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.5])
def test_focal_loss_is_that_of_keras(gamma):
    keras_loss = keras.losses.BinaryFocalCrossentropy(from_logits=True, gamma=gamma)
    found = value("binary_focal", LABELS, LOGITS, gamma=gamma)
    assert found == pytest.approx(float(keras_loss(LABELS, LOGITS)), rel=1e-4)


def test_huge_logits_give_finite_losses():
    wild = np.array([[1e4, -1e4, 300.0, -300.0]], "float32")
    for name in ("binary_cross_entropy", "binary_focal"):
        assert value(name, np.array([[1.0, 0.0, 1.0, 0.0]]), wild) == pytest.approx(0, abs=1e-6)
        assert np.isfinite(value(name, np.array([[0.0, 1.0, 0.0, 1.0]]), wild))


def test_losses_of_numbers():
    targets = RANDOM.normal(size=(16, 4)).astype("float32") * 2
    errors = np.abs(targets - LOGITS)
    assert value("absolute_error", targets, LOGITS) == pytest.approx(errors.mean(), rel=1e-5)
    assert value("squared_error", targets, LOGITS) == pytest.approx(np.square(errors).mean(), rel=1e-5)
    huber = np.where(errors <= 0.5, 0.5 * errors**2, 0.5 * (errors - 0.25))
    assert value("huber", targets, LOGITS, delta=0.5) == pytest.approx(huber.mean(), rel=1e-5)
