"""Augmentations move masks and target images with their images: checked by geometry."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automap import Spec
from automap.spec.kinds import PLACED
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


def rectangle(left, top, width, height):
    mask = np.zeros((4, SIDE, SIDE, 1), "float32")
    mask[:, top : top + height, left : left + width] = 1
    return mask


def changed(name, batch, seed):
    keras.utils.set_random_seed(seed)
    for layer in MODELS[name](**STRONG.get(name, {})).build():
        batch = layer(batch, training=True)
    return {key: np.asarray(keras.ops.convert_to_numpy(value)) for key, value in batch.items()}


places = st.integers(4, 20), st.integers(4, 20), st.integers(8, 24), st.integers(8, 24), st.integers(0, 99)


@pytest.mark.parametrize("name", MOVING)
@given(*places)
@settings(max_examples=15, deadline=None)
def test_a_mask_stays_on_its_object(name, left, top, width, height, seed):
    mask = rectangle(left, top, width, height)
    found = changed(name, {"images": mask * 255, "segmentation_masks": mask}, seed)
    masks = found["segmentation_masks"][..., 0]
    assert set(np.unique(masks)) <= {0.0, 1.0, 255.0}
    white = found["images"][..., 0]
    # Where the image is clearly one or the other, the mask says so; in between lies the edge.
    assert (masks[white > 230] == 1).all()
    assert (masks[white < 25] != 1).all()


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


@pytest.mark.parametrize("name", [name for name in MODELS if name not in MOVING])
def test_what_leaves_places_alone_leaves_masks_alone(name):
    if "segmentation_masks" not in MODELS[name].serves:
        pytest.skip("refused by the spec")
    mask = rectangle(10, 10, 20, 20)
    found = changed(name, {"images": mask * 200, "segmentation_masks": mask}, 1)
    np.testing.assert_array_equal(found["segmentation_masks"], mask)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not model.serves])
def test_a_spec_with_what_cannot_keep_targets_in_place_is_refused(name, tmp_path):
    spec = {"dataset": {"type": "masks", "path": str(tmp_path)}, "augmentation": [{"choices": ["none", name]}]}
    with pytest.raises(ValueError, match=f"augmentation '{name}' changes images, but cannot keep segmentation_masks"):
        Spec.model_validate(spec)


@pytest.mark.parametrize("dataset", [{"type": "masks"}, {"type": "pairs"}])
def test_what_a_spec_leaves_out_serves_its_task(dataset, tmp_path):
    spec = Spec.model_validate({"dataset": {**dataset, "path": str(tmp_path)}})
    assert all(spec.task_class.placed <= option.model.serves for option in spec.augmentation[0].options)
    assert spec.task_class.placed <= PLACED
