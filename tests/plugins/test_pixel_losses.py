"""Losses of pixels and of images against NumPy, scikit-learn and scikit-image."""

import numpy as np
import pytest
from scipy.special import log_softmax
from skimage.data import astronaut
from skimage.metrics import structural_similarity
from sklearn.metrics import f1_score
from support.infos import data_info

from automap.spec.plugins import load_plugin

INFO = data_info("mask", image_shape=(8, 8, 1), classes=("a", "b", "c"), train_size=1, mean=(0,), std=(1,))
RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 3, (4, 8, 8, 1)).astype("float32")
LOGITS = RANDOM.normal(size=(4, 8, 8, 3)).astype("float32")
SHARP = 50 * np.eye(3, dtype="float32")[RANDOM.integers(0, 3, (4, 8, 8))]


def value(name, targets, outputs, **settings):
    return float(np.asarray(load_plugin("automap.losses", name)(**settings).build(INFO)(targets, outputs)))


def test_cross_entropy_of_pixels():
    known = np.take_along_axis(log_softmax(LOGITS, axis=-1), TARGETS.astype(int), axis=-1)
    assert value("pixel_cross_entropy", TARGETS, LOGITS) == pytest.approx(-known.mean(), rel=1e-5)
    focal = -((1 - np.exp(known)) ** 2 * known).mean()
    assert value("pixel_focal", TARGETS, LOGITS, gamma=2.0) == pytest.approx(focal, rel=1e-5)


def test_dice_of_sharp_decisions_is_the_f1_score():
    expected = f1_score(TARGETS.ravel(), SHARP.argmax(-1).ravel(), average="macro")
    assert 1 - value("dice", TARGETS, SHARP) == pytest.approx(expected, abs=0.01)
    both = value("pixel_cross_entropy", TARGETS, LOGITS) + 0.5 * value("dice", TARGETS, LOGITS)
    assert value("dice_cross_entropy", TARGETS, LOGITS, dice=0.5) == pytest.approx(both, rel=1e-5)
    focal = value("pixel_focal", TARGETS, LOGITS, gamma=2.0) + value("tversky", TARGETS, LOGITS, missed=0.8)
    assert value("dice_cross_entropy", TARGETS, LOGITS, gamma=2.0, missed=0.8) == pytest.approx(focal, rel=1e-5)
    assert value("tversky", TARGETS, LOGITS, missed=0.5) == pytest.approx(value("dice", TARGETS, LOGITS), rel=1e-5)


def test_tversky_weighs_false_negatives_and_false_positives():
    known, decided = TARGETS.astype(int).ravel(), SHARP.argmax(-1).ravel()
    indices = []
    for each in range(3):
        hits, missed, wrong = (
            (condition).sum()
            for condition in (
                (known == each) & (decided == each),
                (known == each) & (decided != each),
                (known != each) & (decided == each),
            )
        )
        indices.append((hits + 1) / (hits + 0.9 * missed + 0.1 * wrong + 1))
    assert value("tversky", TARGETS, SHARP, missed=0.9) == pytest.approx(1 - np.mean(indices), rel=1e-4)


@pytest.mark.parametrize("name", ["dice", "tversky", "pixel_cross_entropy", "pixel_focal", "dice_cross_entropy"])
def test_ignored_pixels_count_nowhere(name):
    ignored = TARGETS.copy()
    ignored[:, 4:] = 255
    other = LOGITS.copy()
    other[:, 4:] = RANDOM.normal(size=other[:, 4:].shape)
    assert value(name, ignored, LOGITS) == pytest.approx(value(name, ignored, other), rel=1e-5)
    assert value(name, ignored, LOGITS) == pytest.approx(value(name, TARGETS[:, :4], LOGITS[:, :4]), rel=1e-5)
    assert np.isfinite(value(name, np.full_like(TARGETS, 255), LOGITS))


def test_losses_of_images():
    clean = (astronaut()[:48, 200:248][None] / 255).astype("float32")
    noisy = clean + RANDOM.normal(0, 0.1, clean.shape).astype("float32")
    error = noisy - clean
    assert value("absolute_error", clean, noisy) == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert value("squared_error", clean, noisy) == pytest.approx(np.square(error).mean(), rel=1e-5)
    smooth = np.sqrt(np.square(error) + 1e-6).mean()
    assert value("charbonnier", clean, noisy, epsilon=1e-3) == pytest.approx(smooth, rel=1e-4)
    similar = structural_similarity(
        clean[0], noisy[0], channel_axis=-1, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert value("ssim", clean, noisy, absolute=0.0) == pytest.approx(1 - similar, abs=1e-3)
