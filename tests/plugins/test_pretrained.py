"""Pretrained architectures: published weights, and weight files that cannot run code."""

import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arrays import digits
from support.candidates import NORMED, candidate
from support.infos import data_info
from support.photographs import photographs

from automap import UserError
from automap.store.weights import pinned
from automap.training.build import build_network
from automap.training.weights.files import read_weights
from automap.training.weights.layer_names import weights_by_layer
from automap.training.weights.torch_tensors import NotTensors, read_tensors
from automap_pretrained import efficientnet_lite, lite_weights

REFERENCE = Path(__file__).parent / "data" / "lite_reference.npz"
SIZES = (224, 240, 260)
EGYPTIAN_CAT, ESPRESSO, MISSILE, SPACE_SHUTTLE = 285, 967, 657, 812
LITE0 = lite_weights.find_weights(0)


def classifier(variant):
    """The architecture with the classifier that its weights were published with."""
    architecture = getattr(efficientnet_lite, f"EfficientNetLite{variant}")()
    assert architecture.pretrained == "imagenet"
    info = data_info(image_shape=(SIZES[variant],) * 2 + (3,), classes=("a", "b"), class_counts=(1, 1))
    described = {"type": f"efficientnet_lite{variant}", "pretrained": "imagenet"}
    network = build_network(candidate(described), info, pretrained=True)
    tensors = read_tensors(lite_weights.find_weights(variant))
    logits = keras.layers.Dense(1000)
    outputs = logits(network.get_layer("head_pool").output)
    logits.set_weights([tensors["_fc.weight"].T, tensors["_fc.bias"]])
    return keras.Model(network.inputs, outputs)


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_outputs_equal_those_of_the_reference(variant):
    found = classifier(variant).predict(photographs(SIZES[variant]), verbose=0)
    with np.load(REFERENCE) as reference:
        np.testing.assert_allclose(found, reference[f"lite{variant}"], atol=1e-4)


def test_photographs_get_the_classes_that_a_person_would_give():
    best = classifier(0).predict(photographs(224), verbose=0).argmax(axis=1)
    assert best[0] == EGYPTIAN_CAT
    assert best[1] == ESPRESSO
    assert best[3] in (MISSILE, SPACE_SHUTTLE)


def test_a_grey_image_gets_the_features_of_the_same_image_in_colour():
    grey = photographs(64)[..., :1]
    found = []
    for channels in (1, 3):
        info = data_info(
            image_shape=(64, 64, channels), mean=(0.0,) * channels, std=(1.0,) * channels,
            classes=("a", "b"), class_counts=(1, 1),
        )  # fmt: skip
        network = build_network(candidate({"type": "efficientnet_lite0"}), info, pretrained=True)
        features = keras.Model(network.inputs, network.get_layer("head_pool").output)
        found.append(features.predict(np.repeat(grey, channels, axis=-1), verbose=0))
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


def test_a_trained_backbone_can_be_reused_for_other_classes(tmp_path):
    data = digits()
    first = build_network(candidate("resnet"), data.info)
    first.save(tmp_path / "model.keras")
    keras.layers.Conv2D(1, 1)  # Keras numbers the layers of the second network from here on.
    other = data_info(image_shape=(8, 8, 1), classes=("even", "odd"), class_counts=(1, 1))
    second = build_network(candidate({"type": "resnet", "pretrained": str(tmp_path)}), other, pretrained=True)
    one, two = weights_by_layer(first), weights_by_layer(second)
    shared = [name for name in two if not name.startswith("logits")]
    assert len(shared) > 10
    for name in shared:
        np.testing.assert_array_equal(one[name], two[name])


def test_weights_of_another_network_are_refused_with_the_layers(tmp_path):
    build_network(candidate({"type": "resnet", "width": 16}), digits().info).save(tmp_path / "model.keras")
    chosen = candidate({"type": "resnet", "width": 32, "pretrained": str(tmp_path / "model.keras")})
    with pytest.raises(UserError, match=r"does not fit this ResNet: layer '.*' expects shape"):
        build_network(chosen, digits().info, pretrained=True)


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
def test_arrays_by_layer_are_read_from_other_formats(tmp_path, ending):
    network = build_network(candidate({"type": "cnn"}), digits().info)
    arrays = weights_by_layer(network)
    path = tmp_path / f"weights{ending}"
    if ending == ".npz":
        np.savez(path, **arrays)
    else:
        from safetensors.numpy import save_file

        save_file(arrays, path)
    chosen = candidate({"type": "cnn", "pretrained": str(path)})
    loaded = weights_by_layer(build_network(chosen, digits().info, pretrained=True))
    np.testing.assert_array_equal(loaded["Conv2D:0/0"], arrays["Conv2D:0/0"])


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path):
    with pytest.raises(UserError, match=r"no such file: .*nowhere\.npz"):
        build_network(
            candidate({"type": "cnn", "pretrained": str(tmp_path / "nowhere.npz")}), digits().info, pretrained=True
        )
    (tmp_path / "weights.txt").write_text("1 2 3")
    with pytest.raises(UserError, match=r"unknown format; expected one of \.keras, \.safetensors"):
        read_weights(tmp_path / "weights.txt")


def test_weights_that_keras_saved_serve_another_head(tmp_path):
    first = build_network(candidate(NORMED), digits().info)
    first.save_weights(tmp_path / "model.weights.h5")
    other = data_info(image_shape=(8, 8, 1), classes=("even", "odd"), class_counts=(1, 1))
    chosen = candidate({**NORMED, "pretrained": str(tmp_path / "model.weights.h5")})
    second = build_network(chosen, other, pretrained=True)
    one, two = weights_by_layer(first), weights_by_layer(second)
    for name in two:
        if not name.startswith("logits"):
            np.testing.assert_array_equal(one[name], two[name])


def test_weights_by_url_are_fetched_and_pinned_by_their_digest(tmp_path):
    network = build_network(candidate(NORMED), digits().info)
    np.savez(tmp_path / "weights.npz", **weights_by_layer(network))
    url = f"file://{tmp_path}/weights.npz"
    found = pinned(candidate({**NORMED, "pretrained": url}).architecture)
    assert found.pretrained.startswith(f"{url}@sha256:")
    again = candidate({**NORMED, "pretrained": found.pretrained})
    loaded = weights_by_layer(build_network(again, digits().info, pretrained=True))
    np.testing.assert_array_equal(loaded["Conv2D:0/0"], weights_by_layer(network)["Conv2D:0/0"])
    np.savez(tmp_path / "weights.npz", **weights_by_layer(build_network(candidate(NORMED), digits().info)))
    with pytest.raises(UserError, match=r"have the SHA-256 .*; expected .*, those that the study was started with"):
        build_network(again, digits().info, pretrained=True)


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("archive", [False, True])
def test_a_hostile_pickle_is_refused_and_runs_nothing(tmp_path, archive):
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    hostile = pickle.dumps({"a": Malicious(mark)}, protocol=2)
    if archive:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("weights/data.pkl", hostile)
    else:
        header = [pickle.dumps(part, protocol=2) for part in (0x1950A86A20F9469CFC6C, 1001, {})]
        path.write_bytes(b"".join([*header, hostile]))
    with pytest.raises(NotTensors, match="only tensors are read"):
        read_tensors(path)
    assert not mark.exists()
    assert pickle.loads(hostile)
    assert mark.exists(), "unpickled the usual way, the file does run code"


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 40_000), st.binary(min_size=1, max_size=4))
def test_damaged_files_are_either_read_or_refused(position, change):
    content = bytearray(LITE0.read_bytes()[:60_000])
    content[position : position + len(change)] = change
    path = Path("/dev/shm") / f"automap-damaged-{position}.pth"
    try:
        path.write_bytes(content)
        with pytest.raises(NotTensors):
            read_tensors(path)
    finally:
        path.unlink(missing_ok=True)
