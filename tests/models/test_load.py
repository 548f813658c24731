"""A saved model gives the very outputs of the network that was saved, in a process that knows only its folder."""

import json
import subprocess
import sys

import numpy as np
import pytest
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
    np.save(Path(folder) / "outputs.npy", model.network.predict({"image": images}, verbose=0))
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
        np.testing.assert_allclose(model.network.predict({"image": saved[1]}, verbose=0), outputs, atol=1e-5)
    assert model.info == digits().info
    assert model.task.decode(outputs, model.info)[0]["label"] in model.info.target.classes


def test_a_folder_without_a_model_says_what_is_expected(tmp_path):
    with pytest.raises(UserError, match="holds no model"):
        load_model(tmp_path)


def test_a_damaged_network_is_named(saved, tmp_path):
    folder, _ = saved[0]["cnn"]
    (tmp_path / CARD_FILE).write_text((folder / CARD_FILE).read_text())
    (tmp_path / NETWORK_FILE).write_bytes(b"PK torn")
    with pytest.raises(UserError, match=NETWORK_FILE):
        load_model(tmp_path)


def test_a_model_of_an_architecture_that_is_not_installed_names_it(saved, tmp_path):
    folder, _ = saved[0]["cnn"]
    card = json.loads((folder / CARD_FILE).read_text())
    card["candidate"]["architecture"]["type"] = "wonder_net"
    (tmp_path / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(PluginError, match="wonder_net"):
        load_model(tmp_path)
