"""A saved model gives the outputs of the original network in a new process."""

import io
import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image
from support.arrays import digits
from support.candidates import candidate

from automap.exceptions import PluginError, UserError
from automap.models.load import load_model
from automap.spec.plugins import find_plugins
from automap.store.files import CARD_FILE, NETWORK_FILE
from automap.training.build import build_network
from automap.training.model_io import save_model

ARCHITECTURES = sorted(find_plugins("automap.architectures"))

READ = """
import sys
from pathlib import Path
import numpy as np
from automap.models.load import load_model
images = np.load(sys.argv[1])
for folder in sys.argv[2:]:
    model = load_model(Path(folder))
    np.save(Path(folder) / "outputs.npy", model.runtime.run({"image": images}))
assert "automap_augmentations" not in sys.modules and "automap_optimizers" not in sys.modules
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder for each architecture with the outputs of its network, and the images."""
    images = digits().images(np.arange(5))
    folders = {}
    for name in ARCHITECTURES:
        folder = tmp_path_factory.mktemp(name)
        chosen = candidate(name, augmentation=["random_translation"])
        network = build_network(chosen, digits().info)
        save_model(folder, network, chosen, digits().info, {"accuracy": 0.5})
        folders[name] = (folder, network.predict({"image": images}, verbose=0))
    return folders, images


@pytest.mark.slow
def test_every_architecture_is_the_same_in_another_process(saved, tmp_path):
    folders, images = saved
    np.save(tmp_path / "images.npy", images)
    paths = [str(folder) for folder, _ in folders.values()]
    subprocess.run([sys.executable, "-c", READ, str(tmp_path / "images.npy"), *paths], check=True)
    for name, (folder, outputs) in folders.items():
        np.testing.assert_allclose(np.load(folder / "outputs.npy"), outputs, atol=1e-5, err_msg=name)


def test_a_model_is_found_by_its_folder_and_by_its_file(saved):
    folder, outputs = saved[0]["cnn"]
    for path in (folder, folder / NETWORK_FILE):
        model = load_model(path)
        np.testing.assert_allclose(model.runtime.run({"image": saved[1]}), outputs, atol=1e-5)
    assert model.info == digits().info
    assert model.task.decode(outputs, model.info)[0].label in model.info.target.classes


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(UserError, match="contains no model"):
        load_model(tmp_path)


DAMAGED_NETWORKS = {
    "torn": b"PK torn",
    "empty": b"",
    "half": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:200] + bytes(byte ^ 0xFF for byte in content[200:400]) + content[400:],
    "another zip": lambda content: archive({"other.txt": "text"}),
    "no weights": lambda content: archive({"config.json": "{}", "metadata.json": "{}"}),
}


def archive(files):
    with zipfile.ZipFile(content := io.BytesIO(), "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize("damage", DAMAGED_NETWORKS.values(), ids=DAMAGED_NETWORKS)
def test_a_damaged_network_is_named(saved, tmp_path, damage):
    folder, _ = saved[0]["cnn"]
    (tmp_path / CARD_FILE).write_text((folder / CARD_FILE).read_text())
    content = damage if isinstance(damage, bytes) else damage((folder / NETWORK_FILE).read_bytes())
    (tmp_path / NETWORK_FILE).write_bytes(content)
    with pytest.raises(UserError, match=f"{NETWORK_FILE} is damaged: "):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "card",
    [
        *("", "{", "[]", "null", '{"info": 3}', '{"info": {"image_shape": 3}}', "[" * 100_000, "ff", {"info": {}}),
        *({"candidate": []}, {"candidate": {}}, {"candidate": {"task": 7}}, {"candidate": {"task": {"type": ["x"]}}}),
        *({"metrics": {"accuracy": "high"}}, {"candidate": {"task": "classification"}}),
    ],
    ids=range(15),
)
def test_a_damaged_card_is_named(saved, tmp_path, card):
    folder, _ = saved[0]["cnn"]
    (tmp_path / NETWORK_FILE).write_bytes((folder / NETWORK_FILE).read_bytes())
    whole = json.loads((folder / CARD_FILE).read_text())
    (tmp_path / CARD_FILE).write_text(json.dumps({**whole, **card}) if isinstance(card, dict) else card)
    with pytest.raises(UserError, match=f"{CARD_FILE} is damaged: "):
        load_model(tmp_path)


def test_a_missing_network_is_named(saved, tmp_path):
    (tmp_path / CARD_FILE).write_text((saved[0]["cnn"][0] / CARD_FILE).read_text())
    with pytest.raises(UserError, match=f"{NETWORK_FILE} is missing"):
        load_model(tmp_path)


def test_a_model_saved_before_inputs_had_names_still_predicts(tmp_path):
    """automap 0.1 saved networks of one tensor called ``images`` and cards with one flat description of the data."""
    data, chosen = digits(), candidate()
    inputs = keras.Input((8, 8, 1), dtype="float32", name="images")
    image = data.info.image
    normalise = keras.layers.Normalization(mean=list(image.mean), variance=[each**2 for each in image.std])
    features = chosen.architecture.build(normalise(inputs))
    outputs = chosen.task.outputs(features, {"image": inputs}, data.info)
    network = keras.Model(inputs, outputs, name="network")
    network.save(tmp_path / NETWORK_FILE)
    flat = {
        "image_shape": [8, 8, 1],
        "resize": "pad",
        "classes": list(data.info.target.classes),
        "class_counts": list(data.info.target.class_counts),
        "train_size": data.info.train_size,
        "mean": list(image.mean),
        "std": list(image.std),
        "target_names": [],
        "target_mean": [],
        "target_std": [],
        "scale": 1,
        "max_boxes": 0,
    }
    card = {"info": flat, "candidate": chosen.to_data(), "metrics": {"accuracy": 0.5}, "versions": {"automap": "0.1.0"}}
    (tmp_path / CARD_FILE).write_text(json.dumps(card))
    model = load_model(tmp_path)
    pixels = data.images(np.arange(4))
    assert model.info == data.info
    expected = np.asarray(network(pixels.astype("float32"))).argmax(axis=1)
    answers = model.predict(list(pixels))
    assert [answer.label for answer in answers] == [data.info.target.classes[index] for index in expected]


def test_paths_arrays_and_encoded_images_are_predicted_alike(saved, tmp_path):
    model = load_model(saved[0]["cnn"][0])
    pixels = saved[1][0]
    Image.fromarray(pixels[..., 0]).save(tmp_path / "a.png")
    given = [str(tmp_path / "a.png"), tmp_path / "a.png", pixels, pixels[..., 0], (tmp_path / "a.png").read_bytes()]
    first, *others = model.predict(given)
    assert all(answer == first for answer in others)
    assert model.predict([]) == []
    with pytest.raises(UserError, match=r"image 1 .* not an image"):
        model.predict([pixels, b"text"])
    with pytest.raises(UserError, match="write predict"):
        model.predict(str(tmp_path / "a.png"))


def test_a_model_of_an_architecture_that_is_not_installed_names_it(saved, tmp_path):
    folder, _ = saved[0]["cnn"]
    card = json.loads((folder / CARD_FILE).read_text())
    card["candidate"]["architecture"]["type"] = "wonder_net"
    (tmp_path / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(PluginError, match="wonder_net"):
        load_model(tmp_path)
