"""Every installed architecture: shapes, gradients, precision, and learning."""

import math

import keras
import numpy as np
import pytest
from support.infos import data_info

from automap import Architecture
from automap.spec.plugins import find_plugins, load_plugin
from automap.testing import check_architecture

BIG = ("keras_efficientnetv2", "keras_convnext", "keras_resnetv2", "keras_densenet")
"""Built like keras_mobilenetv3, and too slow to train here; test_keras_applications.py builds them."""
NAMES = [name for name in find_plugins("automap.architectures") if name not in BIG]
SHAPES = [(8, 8, 1), (9, 13, 1), (28, 28, 1), (32, 32, 3), (64, 48, 3), (224, 224, 3)]

SMALL = {
    "cnn": {"filters": (16, 32, 32)},
    "resnet": {"width": 8},
    "mobilenet": {"width": 0.25, "depth": 0.25},
    "efficientnet": {"scale": -8.0, "drop_path": 0.0},
    "convnext": {"width": 24, "blocks": (1, 1, 1), "drop_path": 0.0, "layer_scale": 0.1},
    "vit": {"width": 64, "depth": 2},
    "keras_mobilenetv3": {"size": "small", "pretrained": "none"},
}
"""A cheap member of each family; any other plugin is tried at its defaults."""

VARIANTS = [
    *((name, SMALL.get(name, {})) for name in NAMES),
    ("cnn", {"filters": (8, 8), "activation": "tanh", "dropout": 0.5}),
    ("cnn", {"filters": (8, 8, 8, 8), "activation": "sigmoid", "dense": 0}),
    ("resnet", {"width": 8, "block": "bottleneck", "blocks": 2, "drop_path": 0.1}),
    ("resnet", {"width": 8, "pre_activation": True, "activation": "swish"}),
    ("resnet", {"width": 8, "pre_activation": True, "block": "bottleneck", "stage_blocks": (2, 1)}),
    ("mobilenet", {**SMALL["mobilenet"], "squeeze_excite": True, "kernel": 5, "activation": "hard_swish"}),
    ("convnext", {"width": 24, "blocks": (1, 2), "kernel": 3, "drop_path": 0.2}),
    ("vit", {"width": 32, "depth": 2, "patch": 7, "heads": 2, "dropout": 0.1}),
]


class OneMap(Architecture):
    """What a third party may bring: a single feature map."""

    def build(self, inputs):
        return {4: keras.layers.Conv2D(8, 4, strides=4, padding="same")(inputs)}


def small(name):
    return load_plugin("automap.architectures", name)(**SMALL.get(name, {}))


def classifier(architecture, shape, classes=10):
    inputs = keras.Input(shape)
    features = architecture.build(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(features[max(features)])
    return keras.Model(inputs, keras.layers.Dense(classes, dtype="float32")(pooled))


@pytest.fixture(autouse=True)
def _forget_models():
    yield
    keras.utils.clear_session()


@pytest.mark.parametrize("task", list(find_plugins("automap.tasks")))
def test_one_map_is_enough_for_every_task(task):
    kind = sorted(load_plugin("automap.tasks", task).targets)[0]
    fields = {
        "numbers": {"names": ("age",), "target_mean": (0.0,), "target_std": (1.0,)},
        "image": {},
    }.get(kind, {"classes": ("a", "b", "c"), "class_counts": (5, 5, 5)})
    info = data_info(kind, image_shape=(20, 32, 1), train_size=15, **fields)
    images = keras.Input(info.image.shape)
    outputs = load_plugin("automap.tasks", task)().outputs(OneMap().build(images), {"image": images}, info)
    found = keras.Model(images, outputs).predict(np.ones((2, 20, 32, 1)), verbose=0)
    assert len(found) == 2
    assert np.isfinite(found).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_features_are_maps_of_their_stride_from_fine_to_coarse(name, shape):
    features = load_plugin("automap.architectures", name)().build(keras.Input(shape))
    assert list(features) == sorted(features)
    found = {stride: tuple(value.shape[1:3]) for stride, value in features.items()}
    assert found == {stride: tuple(math.ceil(side / stride) for side in shape[:2]) for stride in features}


@pytest.mark.parametrize("name", NAMES)
def test_a_dense_task_finds_several_strides_in_a_photograph(name):
    features = load_plugin("automap.architectures", name)().build(keras.Input((128, 128, 3)))
    assert len([stride for stride, value in features.items() if value.shape[1] > 1]) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_digit_is_not_reduced_to_a_few_pixels_before_the_last_layers(name):
    features = load_plugin("automap.architectures", name)().build(keras.Input((8, 8, 1)))
    assert min(features) == 1
    assert all(value.shape[1] >= 2 for stride, value in features.items() if stride < 8)


@pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=str)
def test_gradients_reach_every_weight(name, settings):
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = classifier(load_plugin("automap.architectures", name)(**settings), (28, 28, 1))
    for variable in model.trainable_variables:
        if variable.name == "gamma":
            # A branch that starts at zero passes nothing back.
            variable.assign(keras.ops.ones_like(variable))
    images = np.random.default_rng(0).normal(size=(32, 28, 28, 1)).astype("float32")
    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        loss = keras.ops.mean(keras.ops.square(outputs - np.arange(320).reshape(32, 10) % 7))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    dead = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(np.asarray(gradient)) or not np.isfinite(np.asarray(gradient)).all()
        # Softmax does not see what is added to all keys alike.
        if "/key/bias" not in variable.path
    ]
    assert dead == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_promises_of_every_architecture(name):
    check_architecture(small(name))
