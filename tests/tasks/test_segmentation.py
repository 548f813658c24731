"""Segmentation's metrics against scikit-learn, its heads on every architecture."""

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score, jaccard_score
from support.infos import data_info

from automap.data.decode.geometry import fit
from automap.spec.plugins import find_plugins, load_plugin
from automap.tasks.decoders import spatial_features
from automap.tasks.segmentation.task import Segmentation

CLASSES = ("ground", "tree", "house")
RANDOM = np.random.default_rng(0)


def info(size=32, channels=3):
    shape = (size, size, channels)
    return data_info(
        "mask", image_shape=shape, classes=CLASSES, train_size=9, mean=(0.0,) * channels, std=(1.0,) * channels
    )


def test_metrics_equal_those_of_scikit_learn():
    targets = RANDOM.integers(0, 3, (6, 16, 16)).astype(np.uint8)
    targets[RANDOM.random(targets.shape) < 0.2] = 255
    outputs = RANDOM.normal(size=(6, 16, 16, 3)) + 2 * (targets[..., None] == np.arange(3))
    evaluator = Segmentation().evaluator(info())
    for start in (0, 4):
        evaluator.update(targets[start : start + 4][: 6 - start], outputs[start : start + 4][: 6 - start], {})
    found = evaluator.compute()
    counted = targets != 255
    known, decided = targets[counted], outputs.argmax(-1)[counted]
    each = jaccard_score(known, decided, average=None)
    assert found["mean_iou"] == pytest.approx(each.mean())
    assert [found[f"iou_{name}"] for name in CLASSES] == pytest.approx(each)
    assert found["dice"] == pytest.approx(f1_score(known, decided, average="macro"))
    assert found["pixel_accuracy"] == pytest.approx(accuracy_score(known, decided))
    assert set(Segmentation.metrics) - {"loss"} <= set(found)


def test_absent_classes_are_excluded_from_means():
    evaluator = Segmentation().evaluator(info())
    targets = np.zeros((1, 4, 4), np.uint8)
    evaluator.update(targets, np.eye(3)[targets], {})
    assert evaluator.compute()["mean_iou"] == 1
    assert "iou_house" not in evaluator.compute()


@pytest.mark.parametrize("decoder", ["unet", "fpn"])
@pytest.mark.parametrize("architecture", list(find_plugins("automap.architectures")))
def test_every_architecture_serves_both_decoders(architecture, decoder):
    described = info(40, 1)
    images = keras.Input(described.image.shape)
    features = load_plugin("automap.architectures", architecture)().build(images)
    outputs = Segmentation(decoder=decoder, width=8).outputs(features, {"image": images}, described)
    assert outputs.shape == (None, 40, 40, 3)
    network = keras.Model(images, outputs)
    again = keras.Model.from_config(network.get_config()) if architecture == "resnet" else network
    assert np.isfinite(again.predict(np.zeros((1, 40, 40, 1)), verbose=0)).all()


def test_a_one_pixel_map_is_not_a_spatial_map():
    images = keras.Input((32, 32, 1))
    features = load_plugin("automap.architectures", "cnn")().build(images)
    assert max(features) == 32
    assert max(spatial_features(features, images)) < 32


def test_answers_name_the_share_of_each_class():
    mask = np.array([[0, 0, 0, 2]])
    task = Segmentation()
    [answer] = task.decode(np.eye(3)[mask][None], info())
    assert [(entry.label, entry.share) for entry in answer.classes] == [("ground", 0.75), ("house", 0.25), ("tree", 0)]
    assert answer.rows() == [{"ground": 0.75, "tree": 0, "house": 0.25}]
    np.testing.assert_array_equal(answer.pixels, mask)
    assert set(answer.model_dump(mode="json")) == {"classes"}
    drawn = np.asarray(task.drawing(info()).draw(Image.new("RGB", (4, 1), (100, 100, 100)), answer))
    assert (drawn[0, :3] == 100).all()
    assert len(set(drawn[0, 3])) > 1


def test_shares_are_those_of_the_image_not_of_the_padded_record():
    mask = np.zeros((4, 4), np.uint8)
    mask[1:3] = 2
    [answer] = Segmentation().decode(np.eye(3)[mask][None], info())
    placed = answer.in_image(fit((4, 8), (4, 4), "pad"))
    assert placed.pixels.shape == (4, 8)
    assert placed.rows() == [{"ground": 0, "tree": 0, "house": 1}]


def test_cropped_pixels_have_no_class():
    [answer] = Segmentation().decode(np.eye(3)[np.ones((1, 4, 4), int)], info())
    placed = answer.in_image(fit((4, 8), (4, 4), "crop"))
    assert placed.pixels.tolist() == [[255, 255, 1, 1, 1, 1, 255, 255]] * 4
    assert placed.rows() == [{"ground": 0, "tree": 1, "house": 0}]
    grey = Image.new("RGB", (8, 4), (100, 100, 100))
    assert (np.asarray(Segmentation().drawing(info()).draw(grey, placed))[:, :2] == 100).all()
