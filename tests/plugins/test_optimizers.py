"""Every installed optimizer trains a small network on real images."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from automap.spec.plugins import find_plugins, load_plugin

NAMES = list(find_plugins("automap.optimizers"))


@pytest.mark.parametrize("name", NAMES)
def test_it_lowers_the_loss_with_the_options_that_training_sets(name):
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = (digits.images / 8 - 1).reshape(-1, 64).astype("float32")
    model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(10)])
    component = load_plugin("automap.optimizers", name)()
    optimizer = component.build(component.learning_rate, global_clipnorm=5.0)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.evaluate(images, digits.target, verbose=0)
    model.fit(images, digits.target, batch_size=64, epochs=3, verbose=0)
    assert model.evaluate(images, digits.target, verbose=0) < 0.8 * before
    assert optimizer.global_clipnorm == 5.0


@pytest.mark.parametrize("name", NAMES)
def test_it_follows_a_schedule(name):
    component = load_plugin("automap.optimizers", name)()
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.25])
    optimizer = component.build(schedule)
    assert float(optimizer.learning_rate) == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_learning_rate_must_be_positive(name):
    with pytest.raises(ValueError, match="learning_rate"):
        load_plugin("automap.optimizers", name)(learning_rate=0.0)


@pytest.mark.parametrize("name", ["sgd", "adamw", "lion", "muon"])
def test_weight_decay_pulls_weights_towards_zero(name):
    component = load_plugin("automap.optimizers", name)(weight_decay=0.1, learning_rate=0.1)
    optimizer = component.build(component.learning_rate)
    weight = keras.Variable(np.ones((4, 4), "float32"))
    optimizer.build([weight])
    optimizer.apply([keras.ops.zeros((4, 4))])
    assert float(keras.ops.max(weight)) < 1
