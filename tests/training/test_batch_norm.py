"""Averaged weights are evaluated with their own batch-norm statistics."""

import keras
import numpy as np
import pytest
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate

from automap.training.batch_norm import BatchStatistics, trainable_norms
from automap.training.build import build_network

DROPOUT = {"type": "mobilenet", "width": 0.25, "depth": 0.25, "drop_path": 0.3}


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return build_network(candidate(NORMED), digits(400).info)


def norm_inputs(network, norm, images):
    """Return what a norm receives while the norms before it use the statistics of their batch."""
    before = keras.Model(network.inputs, norm.input)
    return keras.ops.convert_to_numpy(before(images, training=True))


def test_statistics_are_those_of_training_images_under_the_present_weights(network):
    data = digits(400)
    BatchStatistics(network).estimate(data, batch_size=240)
    norm = trainable_norms(network)[0]
    received = norm_inputs(network, norm, data.inputs(np.asarray(data.splits["train"])))
    axes = tuple(range(received.ndim - 1))
    np.testing.assert_allclose(norm.moving_mean, received.mean(axis=axes), atol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, received.var(axis=axes), rtol=1e-3)


def test_several_batches_give_their_mean(network):
    data = digits(400)
    norm = trainable_norms(network)[0]
    BatchStatistics(network).estimate(data, batch_size=240)
    whole = np.array(norm.moving_mean)
    BatchStatistics(network).estimate(data, batch_size=60)
    np.testing.assert_allclose(norm.moving_mean, whole, atol=1e-4)


def test_momentum_random_generators_and_frozen_layers_stay_as_they_were():
    data = digits(400)
    network = build_network(candidate(DROPOUT), data.info)
    norms = trainable_norms(network)
    norms[0].trainable = False
    weights = {id(weight) for weight in network.weights}
    generators = [each for each in network.variables if id(each) not in weights]
    assert generators
    before = [np.array(each) for each in (norms[0].moving_mean, *generators)]
    momenta = [norm.momentum for norm in norms]
    BatchStatistics(network).estimate(data, batch_size=64)
    after = [np.array(each) for each in (norms[0].moving_mean, *generators)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [norm.momentum for norm in norms] == momenta
    assert np.abs(norms[1].moving_mean).max() > 0


def test_networks_without_batch_normalisation_are_left_alone():
    data = digits(400)
    network = build_network(candidate(TINY), data.info)
    before = network.get_weights()
    BatchStatistics(network).estimate(data, batch_size=64)
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_compiled_pass_follows_weights_and_frozen_layers(network):
    data, kept = digits(400), BatchStatistics(network)
    norms = trainable_norms(network)
    kept.estimate(data, batch_size=240)
    network.set_weights([1.5 * weight for weight in network.get_weights()])
    kept.estimate(data, batch_size=240)
    found = np.array(norms[-1].moving_mean)
    BatchStatistics(network).estimate(data, batch_size=240)
    np.testing.assert_allclose(found, norms[-1].moving_mean, rtol=1e-5)
    norms[0].trainable = False
    frozen = np.array(norms[0].moving_mean)
    kept.estimate(data, batch_size=60)
    np.testing.assert_array_equal(frozen, norms[0].moving_mean)
