"""Initial weights, learning rates by layer, a second loss."""

import keras
import numpy as np
import pytest
from keras import ops
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate
from support.training import train

from automap.training.build import BatchPlan, build_model, build_network
from automap.training.extras import TrainingExtras
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.training.weights.initial import load_initial_weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(candidate(NORMED, epochs=1), digits(300), folder)
    return folder / "model.keras"


def test_initial_weights_are_copied_into_layers_of_the_same_name_and_shapes(trained):
    network = build_network(candidate(NORMED), digits(300).info)
    saved = keras.saving.load_model(trained)
    assert load_initial_weights(network, trained) == sum(bool(layer.weights) for layer in network.layers)
    for one, other in zip(saved.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trial_starts_from_initial_weights(tmp_path, trained):
    still = {"type": "sgd", "learning_rate": 1e-30, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False}
    chosen = candidate({**TINY, "filters": [8]}, optimizer=still, epochs=1)
    train(chosen, digits(300), tmp_path / "first", seed=1)
    extras = TrainingExtras(initial_weights=tmp_path / "first" / "model.keras")
    second = train(chosen, digits(300), tmp_path / "second", seed=2, extras=extras)
    assert second.state == "complete", second.reason
    first, second = (
        keras.saving.load_model(tmp_path / name / "model.keras").get_weights() for name in ("first", "second")
    )
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_initial_weights_that_fit_nowhere_fail_the_trial_with_the_reason(tmp_path, trained):
    extras = TrainingExtras(initial_weights=trained)
    result = train(candidate({"type": "vit"}, epochs=1), digits(300), tmp_path, extras=extras)
    assert result.state == "failed"
    assert result.reason.startswith("initial weights: no layer of ")


def kernels(model):
    return {layer.name: np.array(layer.kernel) for layer in model.network.layers if hasattr(layer, "kernel")}


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon", "lion"])
def test_layers_are_frozen_or_trained_at_a_rate_of_their_own(optimizer):
    data = digits(400)
    chosen = candidate(
        TINY, optimizer={"type": optimizer, "learning_rate": 1e-3, "weight_decay": 0.0}, schedule="constant", warmup=0
    )
    moved = {}
    for factor in (1.0, 0.01, 0.0):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        names = [layer.name for layer in build_network(chosen, data.info).layers if hasattr(layer, "kernel")]
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        extras = TrainingExtras(learning_rate_factors={names[0]: factor})
        model = build_model(chosen, data, BatchPlan(64, 4), extras)
        before = kernels(model)
        batch = {"inputs": data.inputs(np.arange(64)), "targets": data.targets[:64]}
        model.train_on_batch(batch)
        after = kernels(model)
        moved[factor] = [float(np.abs(after[name] - before[name]).max()) for name in (names[0], names[-1])]
    assert moved[0.0][0] == 0
    assert moved[0.01][0] == pytest.approx(0.01 * moved[1.0][0], rel=0.05)
    assert moved[0.0][1] == pytest.approx(moved[1.0][1], rel=0.3)


class ToZero:
    """Pulls outputs to zero; counts its calls."""

    def __call__(self, inputs, outputs):
        assert inputs["image"].shape[1:] == (8, 8, 1)
        return 100.0 * ops.mean(ops.square(outputs))


def test_a_second_loss_is_added_to_the_first(tmp_path):
    quick = {"type": "adamw", "learning_rate": 1e-2}
    chosen = candidate(optimizer=quick, epochs=3)
    plain = train(chosen, digits(400), tmp_path / "plain")
    pulled = train(chosen, digits(400), tmp_path / "pulled", extras=TrainingExtras(second_loss=ToZero()))
    assert pulled.state == "complete", pulled.reason
    # Outputs of zero have the loss of a guess among ten classes.
    assert pulled.curve[-1]["log_loss"] == pytest.approx(np.log(10), abs=0.1)
    assert plain.curve[-1]["log_loss"] < 2.1


def test_a_training_with_a_second_loss_shares_no_compiled_step(tmp_path):
    compiled = CompiledModels()
    for name, extras in (("a", TrainingExtras(second_loss=ToZero())), ("b", TrainingExtras())):
        train(candidate(epochs=1), digits(300), tmp_path / name, compiled=compiled, extras=extras)
    assert compiled.reused == 0
