"""Networks of keras.applications as backbones."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format
from support.candidates import candidate
from support.infos import data_info

from automap import UserError
from automap.store.weights import pinned
from automap.training.build import build_network, build_whole
from automap.training.weights.layer_names import weights_by_layer
from automap_pretrained.keras_applications import KerasMobileNetV3
from automap_pretrained.keras_files import WeightsFile

FAMILIES = ("keras_efficientnetv2", "keras_convnext", "keras_mobilenetv3", "keras_resnetv2", "keras_densenet")


def info(side, channels=3):
    return data_info(
        image_shape=(side, side, channels), mean=(0.0,) * channels, std=(1.0,) * channels,
        classes=("a", "b"), class_counts=(1, 1),
    )  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_features_come_by_stride(family):
    features = build_whole(candidate({"type": family, "pretrained": "none"}), info(96)).features
    assert set(features) >= {4, 8, 16, 32}
    for stride, maps in features.items():
        assert maps.shape[1:3] == (-(-96 // stride),) * 2


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def test_weights_in_the_cache_are_the_default_and_serve_grey_images(keras_home):
    assert KerasMobileNetV3().pretrained == "none"
    reference = keras.applications.MobileNetV3Large(
        include_top=False, weights=None, include_preprocessing=False, input_shape=(224, 224, 3)
    )
    path = KerasMobileNetV3().variant.file.path
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        # The published files are in the format of Keras 2.
        legacy_h5_format.save_weights_to_hdf5_group(file, reference)
    assert KerasMobileNetV3().pretrained == "imagenet"
    wanted = weights_by_layer(reference)
    for channels in (3, 1):
        network = build_network(candidate("keras_mobilenetv3"), info(64, channels), pretrained=True)
        found = weights_by_layer(network)
        for name, weights in wanted.items():
            if weights.shape == found[name].shape:
                np.testing.assert_array_equal(found[name], weights)
            else:
                np.testing.assert_allclose(found[name], weights.sum(axis=2, keepdims=True), rtol=1e-5)


def test_missing_weights_are_one_error_with_advice(keras_home, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"not in Keras's cache.*get https://.* and copy it to .*keras/models/"):
        pinned(candidate({"type": "keras_densenet", "pretrained": "imagenet"}).architecture)


def test_a_download_is_verified_and_kept(keras_home, tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "weights.h5").write_bytes(b"weights")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/weights.h5"
        with pytest.raises(OSError, match="expected 0000"):
            WeightsFile(url, "0" * 64).fetch()
        assert not list((keras_home / "models").iterdir())
        file = WeightsFile(url, hashlib.md5(b"weights").hexdigest())
        assert file.find() is None
        assert file.fetch().read_bytes() == b"weights"
        assert file.find() == file.fetch() == keras_home / "models" / "weights.h5"
    finally:
        server.shutdown()
        server.server_close()
