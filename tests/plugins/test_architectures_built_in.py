"""automap's own architectures: published sizes, adaptation to the image size, invalid settings."""

import math

import keras
import numpy as np
import pytest

from automap.spec.plugins import load_plugin, recommended_plugins


def architecture(name, **settings):
    return load_plugin("automap.architectures", name)(**settings)


def coarsest(name, shape=(224, 224, 3), **settings):
    inputs = keras.Input(shape)
    features = architecture(name, **settings).build(inputs)
    return keras.Model(inputs, features[max(features)])


@pytest.mark.parametrize(
    ("name", "settings", "parameters"),
    [
        # Trainable weights without the classifier, as torchvision, keras.applications and timm count them.
        ("resnet", {"width": 64, "stage_blocks": (2, 2, 2, 2)}, 11_176_512),
        ("resnet", {"width": 64, "stage_blocks": (3, 4, 6, 3), "block": "bottleneck"}, 23_508_032),
        ("mobilenet", {"width": 1.0, "depth": 1.0}, 2_223_872),
        ("efficientnet", {"scale": 0.0}, 4_007_548),
        ("efficientnet", {"scale": 1.0}, 7_700_994),  # B2: the paper's B1 lies at a half.
        ("convnext", {"width": 96, "blocks": (3, 3, 9, 3)}, 27_820_128),
        # DeiT-Ti's 5,717,416 without its class token, the token's position and the classifier.
        ("vit", {"width": 192, "depth": 12, "heads": 3, "patch": 16}, 5_524_032),
    ],
)
def test_known_networks_have_their_published_size(name, settings, parameters):
    model = coarsest(name, **settings)
    assert sum(math.prod(weight.shape) for weight in model.trainable_variables) == parameters


def test_the_plain_cnn_is_the_tutorials_network():
    network = coarsest("cnn", (32, 32, 3))
    logits = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(network.output))
    ours = keras.Model(network.input, logits)
    tutorial = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    assert ours.count_params() == tutorial.count_params() == 122_570
    ours.set_weights(tutorial.get_weights())
    images = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(ours(images), tutorial(images), atol=1e-5)


def test_maps_of_the_plain_cnn_lie_where_the_image_has_them():
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, architecture("cnn").build(inputs)[1])
    kernel = np.zeros((3, 3, 1, 32), "float32")
    kernel[1, 1] = 1  # Passes the pixel in the middle on.
    network.set_weights([kernel, np.zeros(32, "float32")])
    image = np.zeros((1, 28, 28, 1), "float32")
    image[0, 10, 21] = 1
    np.testing.assert_array_equal(np.asarray(network(image))[..., :1], image)


def test_the_plain_cnn_without_dense_layer_ends_in_its_last_map():
    assert list(architecture("cnn", dense=0).build(keras.Input((32, 32, 3)))) == [1, 2, 4]


@pytest.mark.parametrize(
    ("name", "size", "strides"),
    [
        ("cnn", 8, [1, 2, 8]),
        ("cnn", 32, [1, 2, 4, 32]),
        ("cnn", 224, [1, 4, 16, 256]),
        ("resnet", 8, [1, 2]),
        ("resnet", 28, [1, 2, 4, 8]),
        ("resnet", 64, [2, 4, 8, 16]),
        ("resnet", 224, [2, 4, 8, 16, 32]),
        ("mobilenet", 8, [1, 2]),
        ("mobilenet", 28, [1, 2, 4, 8]),
        ("mobilenet", 224, [2, 4, 8, 16, 32]),
        ("efficientnet", 28, [1, 2, 4, 8]),
        ("efficientnet", 224, [2, 4, 8, 16, 32]),
        ("convnext", 8, [1, 2]),
        ("convnext", 28, [2, 4, 8]),
        ("convnext", 224, [4, 8, 16]),
        ("vit", 8, [1, 2, 4]),
        ("vit", 28, [4, 8, 16]),
        ("vit", 224, [16, 32, 64]),
    ],
)
def test_reduction_fits_the_size_at_hand(name, size, strides):
    assert list(architecture(name).build(keras.Input((size, size, 1)))) == strides


def test_residual_branches_start_at_zero():
    model = coarsest("resnet", (32, 32, 3), width=8, blocks=2)
    scales = [np.asarray(weight) for weight in model.trainable_variables if weight.name == "gamma"]
    assert sum(not scale.any() for scale in scales) == 8  # One of each block: four stages of two.


def test_blocks_are_left_out_in_training_only():
    model = coarsest("convnext", (16, 16, 1), width=24, blocks=(4,), drop_path=0.9, layer_scale=1.0)
    keras.utils.set_random_seed(0)
    image = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype("float32")
    batch = np.repeat(image, 16, axis=0)
    kept = np.asarray(model(batch, training=False))
    np.testing.assert_allclose(kept, np.repeat(kept[:1], 16, axis=0), atol=1e-5)
    dropped = np.asarray(model(batch, training=True))
    assert len(np.unique(dropped[:, 0, 0, 0].round(4))) > 1


def test_those_that_need_much_data_or_time_are_searched_only_when_named():
    assert {"cnn", "resnet", "mobilenet"} <= set(recommended_plugins("automap.architectures"))
    assert not {"convnext", "efficientnet", "vit"} & set(recommended_plugins("automap.architectures"))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cnn", {"filters": []}),
        ("cnn", {"filters": [32, 0]}),
        ("cnn", {"activation": "rellu"}),
        ("cnn", {"dropout": 1.0}),
        ("cnn", {"dense": -1}),
        ("resnet", {"width": 0}),
        ("resnet", {"block": "basics"}),
        ("resnet", {"stage_blocks": []}),
        ("resnet", {"stage_blocks": [2, 0]}),
        ("mobilenet", {"width": -1.0}),
        ("mobilenet", {"kernel": 4}),
        ("efficientnet", {"scale": 40.0}),
        ("convnext", {"blocks": []}),
        ("convnext", {"blocks": [2, -2]}),
        ("convnext", {"layer_scale": float("nan")}),
        ("vit", {"depth": 0}),
        ("vit", {"heads": 0}),
        ("vit", {"patch": 0}),
    ],
    ids=str,
)
def test_values_that_make_no_network_are_refused(name, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        architecture(name, **settings)
