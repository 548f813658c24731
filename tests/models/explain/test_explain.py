"""Explanations: heat maps point to where the answer is, and change with the weights."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from support.arrays import array_data
from support.candidates import candidate
from support.images import digits
from support.program import call_automap
from support.training import train

from automap.exceptions import PluginError, UserError
from automap.models.explain.explain import choose_method, load_explainer
from automap.models.explain.network import ExplainedNetwork
from automap.models.explain.scores import question
from automap.models.load import load_model
from automap.models.model import LoadedModel

pytestmark = pytest.mark.slow

METHODS = ("grad_cam", "grad_cam_pp", "layer_cam", "integrated_gradients", "occlusion")
SIDE, DIGIT = 32, 8


def placed_digits(count: int) -> tuple[Any, Any, Any]:
    """Return digits at random places of dark images, their labels, and the top left corners of the digits."""
    chance = np.random.default_rng(0)
    pixels, labels = digits()
    few = np.resize(np.flatnonzero(labels < 3), count)
    pixels, labels = pixels[few], labels[few]
    scale = 255 / max(1, int(pixels.max()))
    images = chance.integers(0, 40, (count, SIDE, SIDE, 1)).astype(np.uint8)
    corners = chance.integers(0, SIDE - DIGIT, (count, 2))
    for image, digit, (top, left) in zip(images, pixels, corners, strict=True):
        image[top : top + DIGIT, left : left + DIGIT] = (digit.reshape(DIGIT, DIGIT, 1) * scale).astype(np.uint8)
    return images, labels[:count], corners


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    images, labels, _ = placed_digits(1600)
    tried = candidate(
        {"type": "resnet", "blocks": 1, "width": 16},
        optimizer={"type": "adamw", "learning_rate": 6e-3},
        epochs=6,
        batch_size=32,
    )
    result = train(tried, array_data(images, labels), folder)
    assert result.validation["accuracy"] > 0.8, "without a model that has learned, there is nothing to explain"
    return folder


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedModel:
    return load_model(trained)


def explained(model: LoadedModel, image: Any) -> ExplainedNetwork:
    output = model.runtime.run({"image": image[None]})[0]
    return ExplainedNetwork(model.runtime.network, question(model.info, output), model.info.image)  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", METHODS)
def test_the_hottest_point_lies_in_the_digit(model: LoadedModel, method: str) -> None:
    images, _, corners = placed_digits(20)
    hits = 0
    for explanation, (top, left) in zip(model.explain(list(images), method=method), corners, strict=True):
        assert explanation.heat.shape == (SIDE, SIDE)
        assert 0 <= explanation.heat.min() <= explanation.heat.max() <= 1
        y, x = np.unravel_index(int(explanation.heat.argmax()), explanation.heat.shape)
        # A feature map is coarser than the image: its cells are four pixels wide here.
        hits += top - 4 <= y < top + DIGIT + 4 and left - 4 <= x < left + DIGIT + 4
    assert hits >= 18


def test_gradients_are_those_of_small_changes(model: LoadedModel) -> None:
    image = placed_digits(1)[0][0].astype(np.float32)
    network = explained(model, image)
    gradient = network.image_gradients(image[None])[0]
    direction = gradient / np.abs(gradient).max()
    low, high = network.scores(np.stack([image - direction, image + direction]))
    assert (high - low) / 2 == pytest.approx(float((gradient * direction).sum()), rel=0.2)


def test_random_weights_give_other_maps(model: LoadedModel) -> None:
    """The sanity check of Adebayo et al. (2018, arXiv:1810.03292)."""
    image = placed_digits(1)[0][0].astype(np.float32)
    network = explained(model, image)
    fresh = keras.models.clone_model(model.runtime.network)  # type: ignore[attr-defined]
    other = ExplainedNetwork(fresh, network._question, model.info.image)
    one, another = (load_explainer("layer_cam").heat(each, image).ravel() for each in (network, other))
    assert np.corrcoef(one, another)[0, 1] < 0.9


def test_the_most_faithful_method_is_chosen(model: LoadedModel) -> None:
    choice = choose_method(model)
    gains = [gain for _, gain in choice.gains]
    assert {name for name, _ in choice.gains} >= set(METHODS)
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0.1


def test_the_command_writes_overlays_and_maps(trained: Path, tmp_path: Path) -> None:
    image = placed_digits(1)[0][0][..., 0]
    Image.fromarray(image).resize((64, 96)).save(tmp_path / "digit.png")
    output = tmp_path / "out"
    done = call_automap("explain", trained, tmp_path / "digit.png", "--method", "grad_cam", "--output", output)
    assert done.returncode == 0, done.stderr
    with Image.open(output / "digit.png") as overlay:
        assert overlay.size == (64, 96)
    heat = np.load(output / "digit.npy")
    assert heat.shape == (96, 64)
    assert heat.max() > 0.5


def test_unknown_methods_and_classes_are_the_users_mistakes(model: LoadedModel) -> None:
    image = placed_digits(1)[0][0]
    with pytest.raises(PluginError, match="grad_cam"):
        model.explain([image], method="gradcam")
    with pytest.raises(UserError, match="no class 'cat'"):
        model.explain([image], method="grad_cam", label="cat")


def test_jax_gives_the_same_maps(trained: Path, tmp_path: Path, model: LoadedModel) -> None:
    image = placed_digits(1)[0][0]
    np.save(tmp_path / "image.npy", image)
    code = (
        "import sys, numpy as np; from automap.models.load import load_model; "
        "found = load_model(sys.argv[1]).explain([np.load(sys.argv[2])], method='layer_cam'); "
        "np.save(sys.argv[3], found[0].heat)"
    )

    subprocess.run(
        [sys.executable, "-c", code, trained, tmp_path / "image.npy", tmp_path / "heat.npy"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        check=True,
    )
    here = model.explain([image], method="layer_cam")[0].heat
    np.testing.assert_allclose(np.load(tmp_path / "heat.npy"), here, atol=1e-3)
