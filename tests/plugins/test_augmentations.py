"""Every installed augmentation, inside a compiled model, on real images in grey and in colour."""

import keras
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from skimage.data import astronaut

from automap.interfaces.component import recommended_space
from automap.spec.plugins import find_plugins, load_plugin
from automap_augmentations.operations import OPERATIONS
from automap_augmentations.operations import apply as apply_operation

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
    boundary_candidates = [(y, x) for y in range(0, 448, 64) for x in range(0, 448, 64)][:24]
    crops = np.stack([picture[y : y + 32, x : x + 32] for y, x in boundary_candidates])
    return crops if channels == 3 else crops.mean(axis=-1, keepdims=True).astype("uint8")


def apply(name: str, images: np.ndarray, seed: int = 0, **settings):
    keras.utils.set_random_seed(seed)
    model = Augmented(load_plugin("automap.augmentations", name)(**settings).build())
    labels = (np.arange(len(images)) % 4).astype("int32")
    return model.predict({"images": images, "labels": labels}, batch_size=len(images), verbose=0)


def strongest(name: str) -> dict[str, float]:
    """Return the upper ends of a plugin's recommended ranges, and of saturation and hue beyond them."""
    fields = load_plugin("automap.augmentations", name).model_fields
    ends = {key: space["high"] for key, field in fields.items() if "high" in (space := recommended_space(field) or {})}
    return ends | ({"saturation": 1.0, "hue": 0.5} if name == "color_jitter" else {})


@pytest.mark.parametrize("strong", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_shape_dtype_range_and_labels_are_kept(name, channels, strong):
    images = photographs(channels)
    batch = apply(name, images, **(strongest(name) if strong else {}))
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
def test_changes_depend_on_the_seed(name):
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
    assert gap.max() < 0.1
    assert (batch["labels"].max(axis=1) < 0.99).any()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random_translation", {"height": 0.0, "width": 0.0}),
        ("random_rotation", {"degrees": 0.0}),
        ("random_zoom", {"amount": 0.0}),
        ("random_erasing", {"probability": 0.0}),
        ("color_jitter", {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}),
        ("rand_augment", {"strength": 0.0}),
        ("aug_mix", {"strength": 0.0}),
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


def test_a_crop_is_as_often_at_every_place():
    image = np.zeros((900, 8, 8, 1), "uint8")
    image[:, 4, 4] = 255
    counts = (apply("random_crop", image, padding=1)["images"][..., 0] > 0).sum(axis=0)
    assert counts.sum() == 900
    assert counts[3:6, 3:6].min() > 60  # Of 100 expected: 4 standard deviations below.


def test_a_crop_moves_masks_with_their_images():
    keras.utils.set_random_seed(0)
    (layer,) = load_plugin("automap.augmentations", "random_crop")().build()
    images = photographs(1).astype("float32") % 250 + 1
    batch = layer({"images": images, "segmentation_masks": images}, training=True)
    cropped, masks = (keras.ops.convert_to_numpy(batch[key]) for key in ("images", "segmentation_masks"))
    np.testing.assert_array_equal(masks == 255, cropped == 0)
    np.testing.assert_array_equal(np.where(masks == 255, 0, masks), cropped)
    assert (cropped == 0).any()


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment", "aug_mix"])
def test_targets_that_would_no_longer_fit_are_refused(name):
    (layer,) = load_plugin("automap.augmentations", name)().build()
    with pytest.raises(ValueError, match="segmentation_masks"):
        layer({"images": photographs(3).astype("float32"), "segmentation_masks": photographs(1)}, training=True)


def test_colour_jitter_changes_each_property_both_ways():
    images = photographs(3)[:1].repeat(200, axis=0) // 2 + 64
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}

    def changes(name, measure):
        changed = apply("color_jitter", images, **still | {name: 0.4})["images"]
        return measure(changed) - measure(images.astype("float32"))

    measures = {
        "brightness": lambda batch: batch.mean(axis=(1, 2, 3)),
        "contrast": lambda batch: batch.std(axis=(1, 2, 3)),
        "saturation": lambda batch: (batch.max(axis=3) - batch.min(axis=3)).mean(axis=(1, 2)),
        "hue": lambda batch: (batch[..., 0] - batch[..., 2]).mean(axis=(1, 2)),
    }
    for name, measure in measures.items():
        found = changes(name, measure)
        assert found.std() > 0.5, name
        if name != "hue":
            assert 0.3 < (found > 0).mean() < 0.7, name


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment"])
def test_each_image_gets_operations_of_its_own(name):
    # Of a flat image, only operations on values are seen: drawn once for the batch, all or none would change.
    flat = np.full((300, 16, 16, 3), 200, "uint8")
    changed = np.abs(apply(name, flat)["images"] - flat).max(axis=(1, 2, 3)) > 2
    assert 0.1 < changed.mean() < 0.9


@pytest.mark.parametrize(("name", "strength"), [("rand_augment", (0.1, 0.8)), ("aug_mix", (0.1, 0.5))])
def test_more_strength_changes_more(name, strength):
    images = np.tile(photographs(3), (8, 1, 1, 1))
    weak, strong = (np.abs(apply(name, images, strength=value)["images"] - images).mean() for value in strength)
    assert weak < 0.8 * strong


@pytest.mark.parametrize("amount", [0.5, -0.75, 1.0])
@pytest.mark.parametrize("name", ["brightness", "contrast", "color", "sharpness", "solarize", "auto_contrast"])
def test_operations_are_those_of_the_python_imaging_library(name, amount):
    reference = {
        "brightness": lambda image: ImageEnhance.Brightness(image).enhance(1 + 0.9 * amount),
        "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1 + 0.9 * amount),
        "color": lambda image: ImageEnhance.Color(image).enhance(1 + 0.9 * amount),
        "sharpness": lambda image: ImageEnhance.Sharpness(image).enhance(1 + 0.9 * amount),
        "solarize": lambda image: ImageOps.solarize(image, int(255 * (1 - abs(amount))) + 1),
        "auto_contrast": ImageOps.autocontrast,
    }[name]
    images = photographs(3)
    expected = np.stack([np.asarray(reference(Image.fromarray(image))) for image in images]).astype("float32")
    inside = (slice(None), slice(1, -1), slice(1, -1))  # The library leaves borders out of sharpening.
    np.testing.assert_allclose(operated(name, amount, images)[inside], expected[inside], atol=2.01)


def operated(name: str, amount: float, images: np.ndarray) -> np.ndarray:
    chosen = np.full(len(images), OPERATIONS.index(name))
    amounts = np.full(len(images), amount, "float32")
    return keras.ops.convert_to_numpy(apply_operation(keras.ops.cast(images, "float32"), chosen, amounts))


def test_a_shift_by_whole_pixels_is_exact_and_posterising_keeps_high_bits():
    images = photographs(3)
    shifted = operated("translate_x", 4 / (0.45 * 32), images)
    np.testing.assert_allclose(shifted[:, :, :-4], images[:, :, 4:], atol=0.01)
    np.testing.assert_array_equal(operated("posterize", 1.0, images), images // 16 * 16)


def test_a_turn_is_by_thirty_degrees_about_the_centre():
    image = np.zeros((1, 33, 33, 1), "uint8")
    image[0, 16, 28] = image[0, 16, 16] = 255
    for amount in (1.0, -1.0):
        turned = operated("rotate", amount, image)[0, :, :, 0]
        assert turned[16, 16] > 250
        turned[14:19, 14:19] = 0
        y, x = np.unravel_index(turned.argmax(), turned.shape)
        assert np.degrees(np.arctan2(abs(y - 16), x - 16)) == pytest.approx(30, abs=3)


def test_a_model_fits_through_all_augmentations_in_one_compiled_step():
    keras.utils.set_random_seed(0)
    layers = [layer for name in NAMES for layer in load_plugin("automap.augmentations", name)().build()]

    class Learner(Augmented):
        def __init__(self):
            super().__init__(layers)
            self.network = keras.Sequential(
                [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(4)]
            )
            self.network.build((None, 32, 32, 3))

        def call(self, inputs, training=False):
            batch = super().call(inputs)
            loss = keras.losses.categorical_crossentropy(
                batch["labels"], self.network(batch["images"]), from_logits=True
            )
            self.add_loss(keras.ops.mean(loss))
            return batch["labels"]

    model = Learner()
    model.compile("sgd", jit_compile=False)
    seeds = [variable for layer in layers for variable in layer.variables if "seed" in variable.path]
    before = [keras.ops.convert_to_numpy(seed).copy() for seed in seeds]
    data = {"images": photographs(3), "labels": (np.arange(24) % 4).astype("int32")}
    losses = model.fit(data, batch_size=8, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    known = {id(variable) for variable in model.variables}
    assert all(id(seed) in known for seed in seeds)
    assert all((keras.ops.convert_to_numpy(seed) != old).any() for seed, old in zip(seeds, before, strict=True))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random_crop", {"padding": 0}),
        ("random_erasing", {"probability": 1.5}),
        ("random_flip", {"mode": "diagonal"}),
        ("mix_up", {"alpha": 0.0}),
        ("cut_mix", {"alpha": 1.5}),
        ("rand_augment", {"operations": 0}),
    ],
)
def test_values_without_meaning_are_refused(name, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        load_plugin("automap.augmentations", name)(**settings)
