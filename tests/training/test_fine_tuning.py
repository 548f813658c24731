"""Fine-tuning a pretrained backbone: frozen layers, learning rates by layer, and the initial head."""

import keras
import numpy as np
import pytest
from support.candidates import ACCURACY, candidate
from support.prepared import some_digits

from automap.interfaces.scheduler import Decision
from automap.training.build import BatchPlan, build_network, build_parts, build_whole
from automap.training.fine_tuning import learning_rate_factors, stages
from automap.training.request import Paused, TrialRequest
from automap.training.run_trial import run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.training.weights.layer_names import weights_by_layer

LITE0 = {"type": "efficientnet_lite0", "pretrained": "imagenet"}
PLAIN = {"type": "sgd", "learning_rate": 0.1, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False}
STILL = {"type": "sgd", "learning_rate": 1e-30, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return some_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def compiled():
    return CompiledModels()


def test_stages_go_from_stem_to_head_and_hold_every_layer_of_the_backbone_once(data):
    network, features = build_whole(candidate(LITE0), data.info)
    found = stages(network, features)
    assert len(found) == len(features)
    assert "stem_conv" in found[0]
    assert "top_conv" in found[-1]
    names = [name for names in found for name in names]
    assert len(names) == len(set(names))
    assert {layer.name for layer in network.layers} - set(names) == {"head_pool", "logits"}


def test_learning_rates_fall_from_head_to_stem_and_frozen_stages_have_none(data):
    chosen = candidate(LITE0, freeze=1, layer_decay=0.5)
    network, features = build_whole(chosen, data.info)
    factors, depth = learning_rate_factors(chosen, network, features), len(features)
    assert factors["stem_conv"] == 0
    assert factors["top_conv"] == 0.5
    assert "logits" not in factors
    assert sorted(set(factors.values())) == [0, *(0.5**power for power in range(depth - 1, 0, -1))]


def test_a_backbone_from_scratch_is_neither_frozen_nor_slowed(data):
    chosen = candidate({**LITE0, "pretrained": "none"}, freeze="backbone", layer_decay=0.5)
    assert learning_rate_factors(chosen, *build_whole(chosen, data.info)) == {}


def test_stages_are_unfrozen_from_head_to_stem(data, tmp_path):
    np.savez(tmp_path / "weights.npz", **weights_by_layer(build_network(candidate("cnn"), data.info)))
    pretrained = {"type": "cnn", "pretrained": str(tmp_path / "weights.npz")}
    chosen = candidate(pretrained, optimizer=PLAIN, unfreeze=0.5, layer_decay=1.0, epochs=4, schedule="constant")
    keras.utils.clear_session()  # Keras numbers the layers from here on: both networks have the same names.
    by_stage = stages(*build_whole(chosen, data.info))
    keras.utils.clear_session()
    parts = build_parts(chosen, data.info, BatchPlan(32, 5))
    network, optimizer = parts.network, parts.optimizer
    kernels = [next(name for name in names if network.get_layer(name).trainable_weights) for names in by_stage]
    optimizer.build(network.trainable_variables)

    def moved(step):
        optimizer.iterations.assign(step)
        before = {name: network.get_layer(name).get_weights()[0] for name in [*kernels, "logits"]}
        optimizer.apply([np.ones(each.shape, np.float32) for each in network.trainable_variables])
        return [name for name in before if not np.array_equal(before[name], network.get_layer(name).get_weights()[0])]

    # Half of 20 steps, shared out among the stages.
    for step in (0, 4, 7, 9, 10):
        trained = sum(step >= 10 * (index + 1) / len(kernels) for index in range(len(kernels)))
        assert moved(step) == [*kernels[len(kernels) - trained :], "logits"], step


@pytest.mark.slow
def test_batch_normalisation_of_frozen_stages_is_left_alone(data, compiled, tmp_path):
    chosen = candidate(LITE0, freeze=2, augmentation=["mix_up"], epochs=1)
    before = build_whole(chosen, data.info, pretrained=True).network
    result = run_trial(TrialRequest(chosen, 0, tmp_path, ACCURACY), data, compiled=compiled)
    assert result.state == "complete", result.reason
    after = keras.saving.load_model(tmp_path / "model.keras")
    frozen = {name for names in stages(*build_whole(chosen, data.info))[:2] for name in names}
    for layer in before.layers:
        if layer.weights and layer.name != "logits":
            same = all(map(np.array_equal, layer.get_weights(), after.get_layer(layer.name).get_weights()))
            assert same == (layer.name in frozen), layer.name


@pytest.mark.slow
def test_fine_tuning_starts_from_the_head_that_was_fitted_first(data, compiled, tmp_path):
    chosen = candidate(LITE0, optimizer=STILL, epochs=1, ema=None, schedule="constant")
    tuned = run_trial(TrialRequest(chosen, 0, tmp_path / "tuned", ACCURACY), data, compiled=compiled)
    frozen = candidate(LITE0, freeze="backbone")
    head = run_trial(TrialRequest(frozen, 0, tmp_path / "head", ACCURACY), data, compiled=compiled)
    found = (keras.saving.load_model(tmp_path / name / "model.keras") for name in ("tuned", "head"))
    one, other = (network.get_layer("logits").get_weights() for network in found)
    np.testing.assert_allclose(one[0], other[0], atol=1e-5)
    assert tuned.state == head.state == "complete"


@pytest.mark.slow
def test_a_paused_fine_tuning_resumes_exactly(data, tmp_path):
    chosen = candidate(LITE0, freeze=2, layer_decay=0.5, unfreeze=0.5, epochs=2, ema=0.9, gradient_clip=1.0)

    def pause_once(evaluation):
        return Decision.PAUSE if evaluation.epoch == 1 else Decision.CONTINUE

    whole = run_trial(TrialRequest(chosen, 0, tmp_path / "whole", ACCURACY), data)
    with pytest.raises(Paused):
        run_trial(TrialRequest(chosen, 0, tmp_path / "parts", ACCURACY), data, pause_once)
    parts = run_trial(TrialRequest(chosen, 0, tmp_path / "parts", ACCURACY), data)
    assert parts.validation == pytest.approx(whole.validation, abs=1e-5)


def test_mixed_precision_and_accumulated_gradients_leave_frozen_layers_out(data):
    chosen = candidate(LITE0, freeze="backbone", augmentation=["mix_up"], precision="mixed_float16")
    parts = build_parts(chosen, data.info, BatchPlan(32, 4, accumulation=2))
    assert {weight.path.split("/")[0] for weight in parts.network.trainable_weights} == {"logits"}


def test_face_recognition_fine_tunes_a_pretrained_backbone(data):
    chosen = candidate(LITE0, task="face_recognition", loss="arcface", freeze=2)
    parts = build_parts(chosen, data.info, BatchPlan(32, 4))
    trained = {weight.path.split("/")[0] for weight in parts.network.trainable_weights}
    assert {"head_projection", "top_conv"} <= trained
    assert "stem_conv" not in trained
