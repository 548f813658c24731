"""Building: precision, norms, decay, clipping, schedules; the step trains what it should."""

import keras
import numpy as np
import pytest
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate

from automap.data.batches.batches import TrainingBatches
from automap.exceptions import TrainingError
from automap.spec.plugins import find_plugins
from automap.training.averaging import evaluation_weights
from automap.training.build import BatchPlan, build_model, build_network
from automap.training.preflight import preflight
from automap.training.schedules import Schedule


def fitted(chosen, *, epochs=1):
    data = digits(400)
    keras.utils.set_random_seed(0)
    batches = TrainingBatches(data, chosen.training.batch_size, seed=0)
    model = build_model(chosen, data, BatchPlan(batches.batch_size, batches.steps))
    losses = [model.fit(batches.epoch(epoch), verbose=0, shuffle=False).history["loss"][0] for epoch in range(epochs)]
    return model, losses


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_is_gone_afterwards(precision):
    model, losses = fitted(candidate(NORMED, precision=precision), epochs=3)
    assert losses[2] < losses[0]
    assert any(layer.compute_dtype != "float32" for layer in model.network.layers)
    assert model.network.output.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (precision == "mixed_float16")


def test_a_failed_build_restores_the_precision():
    info = digits().info
    broken = info.model_copy(update={"target": info.target.model_copy(update={"classes": ()})})
    with pytest.raises(ValueError, match="units"):
        build_network(candidate(precision="mixed_bfloat16"), broken)
    assert keras.config.dtype_policy().name == "float32"


def test_the_network_normalises_its_inputs():
    data = digits()
    network = build_network(candidate(), data.info)
    normalise = keras.Model(network.inputs, network.get_layer("normalise").output)
    normalised = normalise.predict(data.inputs(data.splits["train"]), verbose=0)
    assert normalised.mean() == pytest.approx(0, abs=1e-4)
    assert normalised.std() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("records", "momentum"), [(64, 0.5), (640, 0.5), (6400, 0.95), (10**6, 0.99)])
def test_norms_forget_within_an_epoch(records, momentum):
    data, chosen = digits(400), candidate(NORMED)
    model = build_model(chosen, data, BatchPlan(64, records // 64))
    found = {
        layer.momentum
        for layer in model.network._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert len(found) == 1
    assert found.pop() <= momentum


def test_weight_decay_spares_biases_and_norms():
    heavy = {"type": "adamw", "learning_rate": 1e-2, "weight_decay": 1.0}
    model, _ = fitted(candidate(NORMED, optimizer=heavy))
    spared = [w for w in model.trainable_variables if not model.optimizer._use_weight_decay(w)]
    assert {weight.path.rsplit("/", 1)[1] for weight in spared} == {"gamma", "beta", "bias"}
    assert all(len(w.shape) > 1 for w in model.trainable_variables if model.optimizer._use_weight_decay(w))


def test_gradients_are_clipped_to_a_global_norm():
    plain = {"type": "sgd", "learning_rate": 1.0, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    chosen = candidate(optimizer=plain, schedule="constant", warmup=0, gradient_clip=1e-6, batch_size=100)
    data = digits(400)
    batches = TrainingBatches(data, 100, seed=0)
    model = build_model(chosen, data, BatchPlan(batches.batch_size, batches.steps))
    before = model.network.get_weights()
    model.fit(batches.epoch(0), verbose=0, shuffle=False)
    moved = sum(float(((a - b) ** 2).sum()) for a, b in zip(before, model.network.get_weights(), strict=True)) ** 0.5
    assert 0 < moved <= batches.steps * 1.1e-6


def test_accumulated_gradients_equal_those_of_the_whole_batch():
    plain = {"type": "sgd", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    data, found = digits(400), []
    for size, accumulation in ((200, 1), (100, 2)):
        keras.utils.set_random_seed(0)
        chosen = candidate(TINY, optimizer=plain, schedule="constant", warmup=0, batch_size=size)
        batches = TrainingBatches(data, size, seed=0)
        model = build_model(chosen, data, BatchPlan(size, batches.steps, accumulation))
        model.fit(batches.epoch(0), verbose=0, shuffle=False)
        found.append(model.network.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_average_is_of_the_path_and_only_there_to_evaluate():
    model, _ = fitted(candidate(NORMED, ema=0.9), epochs=2)
    own = model.network.get_weights()
    with evaluation_weights(model.network, model.optimizer, model.average):
        averaged = model.network.get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(own, averaged, strict=True))
    for before, after in zip(own, model.network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_average_of_constant_weights_is_the_weights():
    still = {"type": "sgd", "learning_rate": 1e-30, "weight_decay": 0.0}
    model, _ = fitted(candidate(optimizer=still, ema=0.99))
    for average, weight in zip(model.average.values(), model.network.get_weights(), strict=True):
        np.testing.assert_allclose(average, weight, rtol=1e-6, atol=1e-20)


def test_a_schedule_free_optimizer_is_evaluated_at_its_average():
    chosen = candidate(optimizer={"type": "schedule_free_adamw", "learning_rate": 1e-2}, schedule="constant", warmup=0)
    model, _ = fitted(chosen)
    beta, optimizer = model.optimizer.beta_1, model.optimizer
    kernel = model.network.get_layer("logits").kernel
    fast = optimizer._momentums[[id(v) for v in optimizer._trainable_variables].index(id(kernel))]
    own = np.array(kernel)
    with evaluation_weights(model.network, optimizer, None):
        average = np.array(kernel)
    np.testing.assert_allclose(own, (1 - beta) * np.array(fast) + beta * average, atol=1e-6)
    assert not np.array_equal(own, average)
    np.testing.assert_array_equal(np.array(kernel), own)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a limit of TensorFlow")
def test_demanding_xla_of_a_layer_that_cannot_is_an_error_that_names_it():
    with pytest.raises(TrainingError, match=r"XLA cannot compile .*RandomTranslation"):
        build_model(candidate(augmentation=["random_translation"], jit=True), digits(400), BatchPlan(64, 2))
    assert fitted(candidate(augmentation=["random_flip"], jit=True))[0].jit_compile


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(find_plugins("automap.augmentations")))
def test_the_random_state_of_every_augmentation_is_among_the_models_variables(name):
    chosen = candidate(augmentation=[name])
    model = build_model(chosen, digits(400), BatchPlan(64, 2))
    known = {id(variable) for variable in model.variables}
    batches = TrainingBatches(digits(400), 64, seed=0)
    model.fit(batches.epoch(0), verbose=0, shuffle=False)
    assert {id(variable) for variable in model.variables} == known
    assert name == "none" or any("seed" in variable.path for variable in model.variables)


def rates(shape: str, *, warmup: int) -> np.ndarray:
    return np.array([float(Schedule(shape, 2.0, 100, warmup)(step)) for step in range(101)])


@pytest.mark.parametrize("shape", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("warmup", [0, 1, 10, 100])
def test_every_schedule_rises_to_its_peak_and_never_above(shape, warmup):
    found = rates(shape, warmup=warmup)
    assert (found >= 0).all()
    assert found.max() == pytest.approx(2.0, rel=0.05)
    assert (np.diff(found[:warmup]) > 0).all()
    assert (np.diff(found[warmup + 1 :]) <= 1e-6).all()


def test_schedules_by_hand():
    assert rates("constant", warmup=10)[[0, 4, 9, 50, 100]] == pytest.approx([0.2, 1.0, 2.0, 2.0, 2.0])
    assert rates("cosine", warmup=0)[[0, 50, 100]] == pytest.approx([2.0, 1.0, 0.0], abs=1e-6)
    assert rates("one_cycle", warmup=50)[[49, 75, 100]] == pytest.approx([2.0, 1.0001, 2e-4], abs=1e-4)


def test_a_schedule_survives_being_written_down():
    schedule = Schedule("cosine", 0.1, 100, 5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert float(again(30)) == float(schedule(30))


def test_the_preflight_builds_a_known_backbone_once_and_counts_every_head():
    small, large = (candidate("cnn", task={"type": "classification", "head": head}) for head in ("linear", "mlp"))
    info = digits().info
    found = preflight([("small", small), ("large", large)], info)
    assert not found.problems
    assert found.largest == build_network(large, info).count_params()
    impossible = candidate("cnn", task={"type": "classification", "head": "knn"})
    assert preflight([("small", small), ("knn", impossible)], info).problems[0].startswith("knn: task.head: knn")
