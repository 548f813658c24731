"""Augmentations move masks, boxes and target images with their images: checked by geometry."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automap import Spec, SpecError
from automap.interfaces.augmentation import PLACED
from automap.spec.plugins import find_plugins, load_plugin

SIDE = 48
MODELS = {name: load_plugin("automap.augmentations", name) for name in find_plugins("automap.augmentations")}
STRONG = {
    "random_flip": {"mode": "horizontal_and_vertical"},
    "random_crop": {"padding": 8},
    "random_rotation": {"degrees": 40},
    "random_zoom": {"amount": 0.3},
    "random_translation": {"height": 0.2, "width": 0.2},
}
MOVING = [name for name in STRONG if "segmentation_masks" in MODELS[name].serves]
STAYING = [name for name, model in MODELS.items() if "segmentation_masks" in model.serves and name not in MOVING]


def rectangle(left, top, width, height):
    mask = np.zeros((4, SIDE, SIDE, 1), "float32")
    mask[:, top : top + height, left : left + width] = 1
    return mask


def changed(name, batch, seed):
    keras.utils.set_random_seed(seed)
    for layer in MODELS[name](**STRONG.get(name, {})).build():
        batch = layer(batch, training=True)
    return keras.tree.map_structure(lambda value: np.asarray(keras.ops.convert_to_numpy(value)), batch)


places = st.integers(4, 20), st.integers(4, 20), st.integers(8, 24), st.integers(8, 24), st.integers(0, 99)


@pytest.mark.parametrize("name", MOVING)
@given(*places)
@settings(max_examples=15, deadline=None)
def test_masks_follow_their_objects(name, left, top, width, height, seed):
    mask = rectangle(left, top, width, height)
    found = changed(name, {"images": mask * 255, "segmentation_masks": mask}, seed)
    masks = found["segmentation_masks"][..., 0]
    assert set(np.unique(masks)) <= {0.0, 1.0, 255.0}
    white = found["images"][..., 0]
    # Where the image is clearly one or the other, the mask says so; in between lies the edge.
    assert (masks[white > 230] == 1).all()
    assert (masks[white < 25] != 1).all()


def boxed(left, top, width, height):
    """Return images of a white rectangle with its box, a box of another class beside it that fills up, and none."""
    images = rectangle(left, top, width, height) * 255
    box = [left, top, left + width, top + height]
    boxes = np.tile(np.array([box, [0, 0, 0, 0]], "float32"), (len(images), 1, 1))
    return {
        "images": images,
        "bounding_boxes": {"boxes": boxes, "labels": np.tile(np.array([3, -1], "float32"), (len(images), 1))},
    }


def around(image):
    """Return left, top, right and bottom of what is bright; zeros where nothing is."""
    rows, columns = np.nonzero(image[..., 0] > 127)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0, 0, 0, 0]


BOXED = [name for name in STRONG if "bounding_boxes" in MODELS[name].serves]


def test_every_augmentation_that_moves_masks_moves_boxes_too():
    assert BOXED == MOVING == list(STRONG)


@pytest.mark.parametrize("name", BOXED)
@given(*places)
@settings(max_examples=15, deadline=None)
def test_boxes_follow_their_objects(name, left, top, width, height, seed):
    batch = boxed(left, top, width, height)
    found = changed(name, batch, seed)
    boxes, labels = found["bounding_boxes"]["boxes"], found["bounding_boxes"]["labels"]
    assert (labels[:, 1] == -1).all()
    for image, box, label in zip(found["images"], boxes[:, 0], labels[:, 0], strict=True):
        seen = around(image)
        if label == 3:
            # A pixel at the edge may be of either; two at the ends of a slanting line, which bilinear weights darken.
            np.testing.assert_allclose(box, seen, atol=2.0 if name == "random_rotation" else 1.5)
        else:
            # Little of the object is left. Where it was magnified, that little may still be many pixels.
            zoomed = 1 / (1 - STRONG["random_zoom"]["amount"]) ** 2 if name == "random_zoom" else 1.0
            area = (seen[2] - seen[0]) * (seen[3] - seen[1])
            assert area <= 0.25 * width * height * zoomed + 2 * (width + height)


def test_a_box_that_is_cut_off_counts_no_more():
    layer = MODELS["random_crop"](padding=8).build()[0]
    batch = boxed(0, 0, 8, 8)
    batch["bounding_boxes"]["boxes"][:, 0] = [0, 0, 6, 6]
    moved = layer._boxes(batch["bounding_boxes"], np.array([[8, 8], [11, 8], [11, 11], [16, 16]]), (4, SIDE, SIDE, 1))
    boxes, labels = (np.asarray(moved[key])[:, 0] for key in ("boxes", "labels"))
    assert boxes.tolist() == [[0, 0, 6, 6], [0, 0, 6, 3], [0, 0, 3, 3], [0, 0, 0, 0]]
    assert labels.tolist() == [3, 3, 3, -1]


@pytest.mark.parametrize("name", STAYING)
def test_colour_augmentations_keep_boxes(name):
    batch = boxed(10, 10, 20, 20)
    found = changed(name, batch, 1)
    np.testing.assert_array_equal(found["bounding_boxes"]["boxes"], batch["bounding_boxes"]["boxes"])
    np.testing.assert_array_equal(found["bounding_boxes"]["labels"], batch["bounding_boxes"]["labels"])


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if "target_images" in model.serves])
@pytest.mark.parametrize("scale", [1, 2])
@given(*places)
@settings(max_examples=8, deadline=None)
def test_a_target_image_moves_with_its_input(name, scale, left, top, width, height, seed):
    images = rectangle(left, top, width, height) * 255
    targets = np.repeat(np.repeat(images, scale, axis=1), scale, axis=2)
    found = changed(name, {"images": images, "target_images": targets}, seed)
    again = np.repeat(np.repeat(found["images"], scale, axis=1), scale, axis=2)
    np.testing.assert_array_equal(found["target_images"], again)


@pytest.mark.parametrize("name", STAYING)
def test_colour_augmentations_keep_masks(name):
    mask = rectangle(10, 10, 20, 20)
    found = changed(name, {"images": mask * 200, "segmentation_masks": mask}, 1)
    np.testing.assert_array_equal(found["segmentation_masks"], mask)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not model.serves])
def test_augmentations_that_misalign_targets_are_refused(name, tmp_path):
    spec = {"dataset": {"type": "masks", "path": str(tmp_path)}, "augmentation": [{"choices": ["none", name]}]}
    with pytest.raises(SpecError, match=f"augmentation '{name}' does not keep segmentation_masks aligned with"):
        Spec.model_validate(spec)


@pytest.mark.parametrize("dataset", [{"type": "masks"}, {"type": "pairs"}])
def test_defaults_suit_the_task(dataset, tmp_path):
    spec = Spec.model_validate({"dataset": {**dataset, "path": str(tmp_path)}})
    assert all(spec.task_class.placed <= option.model.serves for option in spec.augmentation[0].options)
    assert spec.task_class.placed <= PLACED
