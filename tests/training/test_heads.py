"""Heads that are fitted on the cached features of a frozen backbone."""

import keras
import numpy as np
import pytest
from support.candidates import ACCURACY, candidate
from support.prepared import some_digits

from automap.models.export.export import export_model
from automap.models.load import load_model
from automap.spec.plugins import find_plugins
from automap.training.heads.losses import sigmoid_loss, softmax_loss, squared_hinge_loss, squared_loss
from automap.training.heads.views import trains_only_a_head
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels

LITE0 = {"type": "efficientnet_lite0", "pretrained": "imagenet"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return some_digits(tmp_path_factory.mktemp("digits"), 300)


@pytest.fixture(scope="module")
def compiled():
    return CompiledModels()


def fit(data, compiled, directory, *, augmentation=(), seed=0, **task):
    chosen = candidate(LITE0, augmentation=augmentation, task={"type": "classification", **task}, freeze="backbone")
    return run_trial(TrialRequest(chosen, seed, directory, ACCURACY, test=True), data, compiled=compiled)


@pytest.mark.parametrize("head", ["linear", "svm", "kernel", "mlp", "cosine", "knn"])
@pytest.mark.parametrize("features", ["last", "all"])
def test_the_assembled_network_matches_the_measured_head(data, compiled, tmp_path, head, features):
    result = fit(data, compiled, tmp_path, head=head, features=features)
    assert result.state == "complete", result.reason
    network = keras.saving.load_model(tmp_path / "model.keras")
    records = np.asarray(data.splits["validation"])
    found = network.predict(data.inputs(records), verbose=0).argmax(axis=1)
    assert (found == data.targets[records]).mean() == pytest.approx(result.validation["accuracy"])
    assert result.validation["accuracy"] > 0.5
    assert result.test["accuracy"] > 0.5
    assert result.cost["parameters"] == network.count_params()


@pytest.mark.slow
@pytest.mark.parametrize("head", ["kernel", "knn"])
@pytest.mark.parametrize("format_", sorted(find_plugins("automap.exporters")))
def test_heads_that_store_training_images_are_exported(data, compiled, tmp_path, head, format_):
    result = fit(data, compiled, tmp_path / "trial", head=head, features="scales")
    assert result.state == "complete", result.reason
    exported = export_model(load_model(tmp_path / "trial"), format_, tmp_path / "out")
    assert exported.verification.images == len(data.splits["validation"])
    assert exported.verification.largest_difference < 1e-3


@pytest.mark.slow
def test_features_are_computed_once_and_again_if_they_are_damaged(data, compiled, tmp_path):
    fit(data, compiled, tmp_path / "first")
    files = sorted(data.path.glob("features-*-train.npz"))
    assert len(files) == 1
    before = files[0].stat().st_mtime_ns
    other = CompiledModels()
    fit(data, other, tmp_path / "second", head="svm")
    assert files[0].stat().st_mtime_ns == before
    content = bytearray(files[0].read_bytes())
    content[len(content) // 2] ^= 255
    files[0].write_bytes(content)
    result = fit(data, CompiledModels(), tmp_path / "third")
    assert result.state == "complete", result.reason
    with np.load(files[0]) as features:
        assert all(len(values) == len(data.splits["train"]) for values in features.values())


def test_flips_are_cached_as_views_of_the_training_split(data, compiled, tmp_path):
    flips = [{"type": "random_flip", "mode": "horizontal_and_vertical"}]
    result = fit(data, compiled, tmp_path, augmentation=flips)
    assert result.state == "complete", result.reason
    assert {path.name.split("train")[1] for path in data.path.glob("features-*-train-*.npz")} == {
        "-horizontal.npz", "-vertical.npz", "-horizontal_and_vertical.npz",
    }  # fmt: skip


@pytest.mark.parametrize("head", ["linear", "kernel"])
def test_a_head_on_two_sizes_shares_one_backbone(data, compiled, tmp_path, head):
    both = fit(data, compiled, tmp_path / "both", head=head, features="scales")
    one = fit(data, compiled, tmp_path / "one", head="linear", features="all")
    assert both.state == "complete", both.reason
    network = keras.saving.load_model(tmp_path / "both" / "model.keras")
    records = np.asarray(data.splits["validation"])
    found = network.predict(data.inputs(records), verbose=0).argmax(axis=1)
    assert (found == data.targets[records]).mean() == pytest.approx(both.validation["accuracy"])
    assert both.cost["parameters"] == network.count_params()
    assert both.cost["parameters"] < 1.5 * one.cost["parameters"]
    assert both.cost["flops"] > 2 * one.cost["flops"]


def test_views_that_there_is_no_time_for_are_left_out_and_named(data, compiled, tmp_path):
    flips = [{"type": "random_flip", "mode": "vertical"}]
    chosen = candidate(LITE0, augmentation=flips, task={"type": "classification", "head": "linear"}, freeze="backbone")
    fit(data, compiled, tmp_path / "first")
    for file in data.path.glob("features-*-train-vertical.npz"):
        file.unlink()
    compiled.frozen.features = {path: kept for path, kept in compiled.frozen.features.items() if path.exists()}
    request = TrialRequest(chosen, 0, tmp_path / "late", ACCURACY, deadline=0.0)
    result = run_trial(request, data, compiled=compiled)
    assert result.state == "complete", result.reason
    assert "fitted on 0 of 1 mirrored copies: out of time for more" in result.notes


def test_other_augmentation_trains_the_head_on_batches(data, compiled, tmp_path):
    chosen = candidate(LITE0, augmentation=["mix_up"], freeze="backbone")
    assert not trains_only_a_head(chosen)


@pytest.mark.parametrize(("loss", "targets"), [
    (softmax_loss, np.eye(3)[[0, 1, 2, 1]]),
    (sigmoid_loss, np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]])),
    (squared_loss, np.arange(12).reshape(4, 3) / 5),
    (squared_hinge_loss, np.eye(3)[[2, 1, 0, 0]]),
])  # fmt: skip
def test_gradients_of_the_losses_are_those_of_their_values(loss, targets):
    outputs = np.random.default_rng(0).normal(size=(4, 3))
    _, gradient = loss(outputs, targets)
    for place in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[place] = 1e-5
        slope = (loss(outputs + step, targets)[0] - loss(outputs - step, targets)[0]) / 2e-5
        assert slope == pytest.approx(gradient[place], abs=1e-6)
