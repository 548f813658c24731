"""Every installed augmentation, inside a compiled model, on real images in grey and in colour."""

import keras
import numpy as np
import pytest
from skimage.data import astronaut

from automap.spec.plugins import find_plugins, load_plugin

NAMES = list(find_plugins("automap.augmentations"))
MIXING = {"mix_up", "cut_mix"}


class Augmented(keras.Model):
    """Applies layers as training does: in the compiled step, to images with their labels."""

    def __init__(self, layers):
        super().__init__()
        self.layers_in_order = list(layers)
        self.built = True

    def call(self, inputs, training=False):
        batch = {
            "images": keras.ops.cast(inputs["images"], "float32"),
            "labels": keras.ops.one_hot(inputs["labels"], 4),
        }
        for layer in self.layers_in_order:
            batch = layer(batch, training=True)
        return batch


def photographs(channels: int) -> np.ndarray:
    picture = astronaut()
    corners = [(y, x) for y in range(0, 448, 64) for x in range(0, 448, 64)][:24]
    crops = np.stack([picture[y : y + 32, x : x + 32] for y, x in corners])
    return crops if channels == 3 else crops.mean(axis=-1, keepdims=True).astype("uint8")


def apply(name: str, images: np.ndarray, seed: int = 0, **settings):
    keras.utils.set_random_seed(seed)
    model = Augmented(load_plugin("automap.augmentations", name)(**settings).build())
    labels = (np.arange(len(images)) % 4).astype("int32")
    return model.predict({"images": images, "labels": labels}, batch_size=len(images), verbose=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_shape_dtype_range_and_labels_stay_what_they_were(name, channels):
    images = photographs(channels)
    batch = apply(name, images)
    assert batch["images"].shape == images.shape
    assert batch["images"].dtype == np.float32
    assert batch["images"].min() >= -0.01
    assert batch["images"].max() <= 255.01
    np.testing.assert_allclose(batch["labels"].sum(axis=1), 1, atol=1e-5)
    if name not in MIXING:
        np.testing.assert_array_equal(batch["labels"].argmax(axis=1), np.arange(len(images)) % 4)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"none", *MIXING}])
def test_each_image_is_changed_in_its_own_way(name):
    same = np.repeat(photographs(3)[:1], 24, axis=0)
    changed = apply(name, same)["images"]
    assert len({image.tobytes() for image in changed}) > 1


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_changes_again_and_another_seed_others(name):
    images = photographs(3)
    first, again, other = (apply(name, images, seed)["images"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (name == "none") == bool(np.array_equal(first, other))


@pytest.mark.parametrize("name", sorted(MIXING))
def test_mixing_mixes_labels_as_it_mixes_images(name):
    flat = np.repeat(np.array([0, 85, 170, 255], "uint8"), 6).reshape(24, 1, 1, 1) * np.ones((1, 32, 32, 3), "uint8")
    keras.utils.set_random_seed(3)
    model = Augmented(load_plugin("automap.augmentations", name)().build())
    labels = np.repeat(np.arange(4), 6).astype("int32")
    batch = model.predict({"images": flat, "labels": labels}, batch_size=24, verbose=0)
    brightness = batch["images"].mean(axis=(1, 2, 3))
    gap = np.abs(brightness - batch["labels"] @ np.array([0, 85, 170, 255]))
    # Keras's CutMix gives the smallest boxes a least size of which the labels know nothing.
    assert np.mean(gap < 2.0) >= 0.9
    assert gap.max() < 20
    assert (batch["labels"].max(axis=1) < 0.99).any()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random_translation", {"height": 0.0, "width": 0.0}),
        ("random_rotation", {"degrees": 0.0}),
        ("random_zoom", {"amount": 0.0}),
        ("random_erasing", {"probability": 0.0}),
    ],
)
def test_without_strength_nothing_changes(name, settings):
    images = photographs(3)
    np.testing.assert_allclose(apply(name, images, **settings)["images"], images, atol=0.5)


def test_a_crop_moves_by_no_more_than_its_padding():
    image = np.zeros((64, 32, 32, 1), "uint8")
    image[:, 16, 16] = 255
    rows, columns = np.nonzero(apply("random_crop", image, padding=3)["images"].max(axis=(0, 3)))
    assert rows.min() == 13
    assert rows.max() == 19
    assert columns.min() == 13
    assert columns.max() == 19


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random_crop", {"padding": 0}),
        ("random_erasing", {"probability": 1.5}),
        ("random_flip", {"mode": "diagonal"}),
        ("mix_up", {"alpha": 0.0}),
    ],
)
def test_values_without_meaning_are_refused(name, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        load_plugin("automap.augmentations", name)(**settings)
