"""Costs against published numbers and against counts by hand."""

import keras
import pytest
from keras import layers
from support.arrays import digits, mnist
from support.candidates import candidate

from automap.training.build import build_network
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.measure.flops import count_flops


@pytest.mark.parametrize(
    ("name", "multiply_adds"),
    [("MobileNet", 569e6), ("MobileNetV2", 300e6)],
)
def test_published_networks_have_their_published_flops(name, multiply_adds):
    network = getattr(keras.applications, name)(weights=None)
    # The papers count convolutions and dense layers only; norms and activations are 1 to 3 % more.
    assert count_flops(network) == pytest.approx(2 * multiply_adds, rel=0.03)


def test_each_layer_by_hand():
    inputs = keras.Input((6, 6, 4))
    x = layers.Conv2D(8, 3, padding="same")(inputs)
    convolution = 2 * 6 * 6 * 8 * 9 * 4
    x = layers.Conv2D(8, 3, strides=2, padding="same", groups=2)(x)
    grouped = 2 * 3 * 3 * 8 * 9 * 4
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    depthwise = 2 * 3 * 3 * 8 * 9
    x = layers.BatchNormalization()(x)
    x = keras.ops.relu(x)
    norm_and_activation = 3 * 3 * 3 * 8
    x = layers.Conv2DTranspose(5, 2, strides=2)(x)
    transposed = 2 * 3 * 3 * 8 * 4 * 5
    x = layers.MaxPooling2D(2)(x)
    pooled = 3 * 3 * 5 * 4
    x = layers.Dense(7)(layers.Flatten()(x))
    dense = 2 * 45 * 7
    expected = convolution + grouped + depthwise + norm_and_activation + transposed + pooled + dense
    assert count_flops(keras.Model(inputs, x)) == expected


class Conv1x1(layers.Dense):
    """A plugin's own layer with a misleading name."""


class OwnConvolution(layers.Conv2D):
    """A plugin's own convolution, which differs in nothing but its name."""


def test_layers_are_known_by_their_class_and_not_by_their_name():
    inputs = keras.Input((6, 6, 4))
    assert count_flops(keras.Model(inputs, Conv1x1(8)(inputs))) == 2 * 6 * 6 * 4 * 8
    assert count_flops(keras.Model(inputs, OwnConvolution(8, 3)(inputs))) == 2 * 4 * 4 * 8 * 9 * 4


def test_a_layer_that_is_used_twice_counts_twice():
    inputs, dense = keras.Input((8,)), layers.Dense(8)
    assert count_flops(keras.Model(inputs, dense(dense(inputs)))) == 2 * (2 * 8 * 8)


def test_attention_by_hand():
    inputs = keras.Input((16, 12))
    outputs = layers.MultiHeadAttention(num_heads=3, key_dim=4)(inputs, inputs)
    projections, products = 4 * 2 * 16 * 12 * 12, 2 * 2 * 16 * 16 * 12
    assert count_flops(keras.Model(inputs, outputs)) == projections + products


class Block(layers.Layer):
    """A plugin's own layer that is made of others."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = layers.Dense(16), layers.Dense(4)

    def call(self, inputs):
        return self.outer(self.inner(inputs)) + inputs


def test_layers_made_of_layers_and_models_within_models_are_counted_by_their_parts():
    inputs = keras.Input((4,))
    expected = 2 * 4 * 16 + 2 * 16 * 4 + 4
    block = keras.Model(inputs, Block()(inputs))
    assert count_flops(block) == expected
    assert count_flops(keras.Model(inputs, block(inputs))) == expected


def with_image(info, **changes):
    return info.model_copy(update={"inputs": {"image": info.image.model_copy(update=changes)}})


@pytest.mark.parametrize("architecture", ["cnn", "resnet", "mobilenet", "convnext", "efficientnet", "vit"])
def test_larger_images_cost_more_for_every_architecture(architecture):
    info = mnist().info
    # Four times the side: a transformer takes larger patches of larger images, but not that much larger.
    infos = (info, with_image(info, shape=(112, 112, 1)))
    small, large = (build_network(candidate(architecture), each) for each in infos)
    assert 0 < count_flops(small) < count_flops(large)


def test_the_tutorials_network_has_the_tutorials_parameters():
    colour = with_image(digits().info, shape=(32, 32, 3), mean=(0, 0, 0), std=(1, 1, 1))
    assert static_costs(build_network(candidate({"type": "cnn"}), colour))["parameters"] == 122_570


def test_latency_is_a_median_and_a_95th_percentile():
    cost = latency_costs(build_network(candidate(), digits().info))
    assert 0 < cost["latency_ms"] <= cost["latency_p95_ms"] < 1000
