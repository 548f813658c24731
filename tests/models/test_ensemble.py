"""Ensembles: members that are better together, as one model."""

import keras
import numpy as np
import pytest
from scipy.special import expit, softmax
from support.arrays import digits
from support.candidates import TINY, candidate
from support.training import train

from automap.exceptions import UserError
from automap.models.ensemble.library import Member, fit_temperature, negative_log_likelihood, read_library
from automap.models.ensemble.make import make_ensemble
from automap.models.ensemble.select import Limit, folds, select
from automap.models.load import load_model
from automap.tasks.combining import joined_embeddings, mean_values, mixed_binary_logits, mixed_logits
from automap.tasks.detection.average_precision import Found
from automap.tasks.detection.fusion import fuse_boxes

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("convert", [np.asarray, keras.ops.convert_to_tensor])
def test_probabilities_are_averaged(convert):
    one, two = (convert(each) for each in RANDOM.normal(size=(2, 5, 3)).astype(np.float32))
    mixed = np.asarray(mixed_logits([one, two], [0.25, 0.75], 2.0))
    expected = 0.25 * softmax(one, axis=-1) + 0.75 * softmax(two, axis=-1)
    np.testing.assert_allclose(softmax(2 * mixed, axis=-1), expected, rtol=1e-5)
    binary = np.asarray(mixed_binary_logits([one, two], [0.25, 0.75], 1.0))
    np.testing.assert_allclose(expit(binary), 0.25 * expit(one) + 0.75 * expit(two), rtol=1e-5)
    np.testing.assert_allclose(mean_values([one, two], [0.25, 0.75]), 0.25 * one + 0.75 * two, rtol=1e-6)


def test_similarities_of_joined_embeddings_are_averaged():
    one, two = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in RANDOM.normal(size=(2, 4, 6)))
    joined = np.asarray(joined_embeddings([one, two], [0.2, 0.8]))
    np.testing.assert_allclose(joined @ joined.T, 0.2 * one @ one.T + 0.8 * two @ two.T, rtol=1e-5, atol=1e-6)


def test_boxes_are_fused_by_score():
    one = Found(np.array([[0.0, 0, 10, 10], [50, 50, 60, 60]]), np.array([0.9, 0.4]), np.array([0, 1]))
    two = Found(np.array([[2.0, 0, 12, 10], [0, 0, 10, 10]]), np.array([0.3, 0.8]), np.array([0, 1]))
    fused = fuse_boxes([one, two], [0.5, 0.5])
    assert fused.classes.tolist() == [0, 1, 1]
    np.testing.assert_allclose(fused.scores, [0.6, 0.4, 0.2])
    np.testing.assert_allclose(fused.boxes, [[0.5, 0, 10.5, 10], [0, 0, 10, 10], [50, 50, 60, 60]])
    nothing = Found(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    assert len(fuse_boxes([nothing, nothing], [0.5, 0.5]).boxes) == 0


HITS = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 1, 0]])
"""Whether each of three models is right on six images."""


def right(weights, rows):
    """Return the share of images on which models with half of the weight or more are right."""
    votes = sum(weight * HITS[place][rows] for place, weight in weights.items())
    return float((votes >= 0.5).mean())


def test_the_members_that_are_best_together_are_chosen():
    everything = np.arange(6)
    assert select(right, [1.0, 1.0, 1.0], everything, Limit(5, 9.0)) == {0: 0.5, 1: 0.5}
    assert select(right, [1.0, 1.0, 1.0], everything, Limit(1, 9.0)) == {0: 1.0}


def test_members_may_not_take_longer_than_the_limit():
    assert select(right, [1.0, 2.0, 1.0], np.arange(6), Limit(5, 2.5)) == {0: 0.5, 2: 0.5}
    assert select(right, [5.0, 5.0, 5.0], np.arange(6), Limit(5, 2.5)) == {0: 1.0}


def test_folds_judge_each_image_once():
    pairs = folds(23)
    assert sorted(np.concatenate([held_out for _, held_out in pairs])) == list(range(23))
    for rest, held_out in pairs:
        assert sorted([*rest, *held_out]) == list(range(23))


@pytest.mark.parametrize("kind", ["label", "labels", "mask"])
def test_the_temperature_makes_too_certain_logits_calibrated(kind):
    logits = RANDOM.normal(size=(4000, 3) if kind != "mask" else (40, 10, 10, 3))
    if kind == "labels":
        targets = RANDOM.random(logits.shape) < expit(logits)
    else:
        flat = softmax(logits.reshape(-1, 3), axis=1).cumsum(axis=1)
        targets = (RANDOM.random((len(flat), 1)) > flat).sum(axis=1).reshape(logits.shape[:-1])
    assert fit_temperature(3 * logits, targets, kind) == pytest.approx(3, rel=0.15)
    assert negative_log_likelihood(logits, targets, kind) < negative_log_likelihood(3 * logits, targets, kind)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three short trainings of one candidate."""
    folder = tmp_path_factory.mktemp("runs")
    members = []
    for seed in range(3):
        result = train(candidate(TINY, epochs=2), digits(), folder / str(seed), seed=seed)
        place = {"folder": str(folder / str(seed)), "latency_ms": result.cost["latency_ms"]}
        members.append(Member(trial=seed, seed=seed, kind="search", **place))
    return members


def test_an_ensemble_is_one_model_that_is_better_than_its_members(runs, tmp_path):
    made = make_ensemble(runs, digits(), "log_loss", Limit(5, 1e9), tmp_path)
    assert sum(member["weight"] for member in made.members) == pytest.approx(1)
    single = [load_model(run.folder).metrics["log_loss"] for run in runs]
    assert made.result.validation["log_loss"] < min(single)
    loaded = load_model(tmp_path)
    assert loaded.metrics == made.result.validation
    data = digits()
    records = data.splits["test"]
    answers = loaded.predict(list(data.images(records)))
    names = data.info.target.classes
    right = [answer.label == names[index] for answer, index in zip(answers, data.targets[records], strict=True)]
    assert np.mean(right) == pytest.approx(made.result.test["accuracy"])
    assert loaded.samples() is not None


def test_stored_outputs_and_networks_agree(runs, tmp_path):
    make_ensemble(runs, digits(), "log_loss", Limit(5, 1e9), tmp_path)
    library, data = read_library(runs), digits()
    for member, outputs in zip(library.members, library.outputs, strict=True):
        found = load_model(member.folder).runtime.run({"image": data.images(library.records[:8])})
        np.testing.assert_allclose(found, outputs[:8].astype(np.float32), rtol=2e-3, atol=1e-2)


def test_a_model_alone_is_no_ensemble(runs, tmp_path):
    with pytest.raises(UserError, match="better on the validation split than its best member alone"):
        make_ensemble(runs, digits(), "log_loss", Limit(1, 1e9), tmp_path)
    with pytest.raises(UserError, match="two models or more"):
        make_ensemble(runs[:1], digits(), "log_loss", Limit(5, 1e9), tmp_path)
