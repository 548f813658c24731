"""Compressing models: channels that are removed, students, and the measured files."""

import keras
import numpy as np
import pytest
from support.arrays import digits, mnist
from support.candidates import NORMED, candidate
from support.training import train

from automap.exceptions import UserError
from automap.models.compress.aware import simulated
from automap.models.compress.channels import analyse
from automap.models.compress.compress import Job, Settings, compress
from automap.models.compress.distil import TeacherLoss
from automap.models.compress.prune import prune
from automap.models.load import load_model
from automap.training.build import build_network

ARCHITECTURES = {
    "cnn": {"type": "cnn"},
    "resnet": {"type": "resnet"},
    "bottlenecks": {"type": "resnet", "pre_activation": True, "block": "bottleneck"},
    "mobilenet": {"type": "mobilenet", "squeeze_excite": True},
    "efficientnet": {"type": "efficientnet"},
}


def built(architecture):
    keras.utils.set_random_seed(0)
    return build_network(candidate(architecture), mnist().info)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_channels_that_do_nothing_can_be_removed_without_a_change(name):
    network = built(ARCHITECTURES[name])
    for block in analyse(network).blocks:
        for group in block[::2]:
            for layer, index in group.members:
                weights = network.get_layer(layer).get_weights()
                for weight in weights:
                    weight[..., index] = 0
                network.get_layer(layer).set_weights(weights)
    pruned = prune(network, 0.25)
    images = {"image": mnist().images(np.arange(8)).astype(np.float32)}
    expected = network.predict_on_batch(images)
    np.testing.assert_allclose(pruned.network.predict_on_batch(images), expected, rtol=1e-4, atol=1e-5)
    assert pruned.network.count_params() < 0.75 * network.count_params()
    assert set(pruned.fixed) == {"logits"}


@pytest.mark.parametrize("architecture", [{"type": "convnext"}, {"type": "vit"}], ids=lambda each: each["type"])
def test_what_cannot_be_pruned_is_named(architecture):
    network = built(architecture)
    pruned = prune(network, 0.5)
    assert pruned.network.count_params() < 0.7 * network.count_params()
    assert pruned.fixed["logits"] == "it is an output of the network"
    if architecture["type"] == "vit":
        assert pruned.fixed["patches"] == "PositionEmbedding (position_embedding) needs them all"
    assert np.isfinite(pruned.network.predict_on_batch({"image": np.zeros((1, 28, 28, 1))})).all()


def test_a_network_of_one_layer_has_nothing_to_prune():
    inputs = {"image": keras.Input((8, 8, 1), name="image")}
    network = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs["image"])))
    with pytest.raises(UserError, match="no channel of this network can be removed"):
        prune(network, 0.5)


@pytest.mark.parametrize("kind", ["label", "labels", "mask", "numbers"])
def test_a_student_that_agrees_with_its_teacher_has_the_smallest_loss(kind):
    inputs = {"image": keras.Input((3,), name="image")}
    teacher = keras.Model(inputs, keras.layers.Dense(4)(inputs["image"]))
    loss, images = TeacherLoss(teacher, kind), {"image": np.random.default_rng(0).normal(size=(8, 3))}
    outputs = np.asarray(teacher.predict_on_batch(images))
    same, other = float(loss(images, outputs)), float(loss(images, outputs[::-1]))
    assert same < other
    if kind != "labels":
        assert same == pytest.approx(0, abs=1e-6)


def test_simulated_quantization_rounds_weights_and_inputs():
    network = built(ARCHITECTURES["mobilenet"])
    images = mnist().images(np.arange(8)).astype(np.float32)
    simulation = simulated(network, {"image": images})
    exact, rounded = (each.predict_on_batch({"image": images}) for each in (network, simulation))
    assert 0 < np.abs(exact - rounded).max() < 0.2 * np.abs(exact).max()
    layer = next(layer for layer in simulation.layers if isinstance(layer, keras.layers.Conv2D))
    kernel = np.asarray(layer.kernel)
    assert max(len(np.unique(kernel[..., index])) for index in range(kernel.shape[-1])) <= 255
    assert all(np.array_equal(*pair) for pair in zip(network.get_weights(), simulation.get_weights(), strict=True))


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parent")
    train(candidate(NORMED, epochs=4), digits(), folder)
    return load_model(folder)


SETTINGS = Settings("quantize", "onnx", False, False, 0.5, 5, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["quantize", "aware", "prune", "distill"])
def test_the_exported_file_is_smaller_and_measured(method, parent, tmp_path):
    aware, method = method == "aware", "quantize" if method == "aware" else method
    student = candidate({**NORMED, "width": 4}) if method == "distill" else None
    settings = SETTINGS._replace(method=method, int8=method != "distill", aware=aware)
    job = Job(digits(), tmp_path, 0, lambda *_: None)
    made = compress(parent, settings, job, student)
    assert made.result.cost["size_bytes"] == made.exported.size
    # A few steps of training are enough to be better than chance.
    assert made.result.validation["accuracy"] > (0.6 if method == "quantize" else 0.15)
    assert set(made.result.test) == set(made.result.validation)
    if method != "quantize":
        assert made.result.cost["parameters"] < 0.5 * parent.runtime.network.count_params()
    answers = load_model(tmp_path).predict(list(digits().images(digits().splits["test"][:4])))
    assert len(answers) == 4
