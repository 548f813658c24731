"""The statistics of batch normalisation under weights that no training step has seen."""

from __future__ import annotations

import keras
import numpy as np

from automap.data.prepare import PreparedData
from automap.interfaces.array import Array

STATISTICS_IMAGES = 512
"""Training images from which statistics are estimated; more make hardly a difference (Wu and Johnson, 2021,
arXiv:2105.07576)."""


def trainable_norms(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Return the batch normalisations of a network that use the statistics of their batch while training."""
    layers = network._flatten_layers()
    return [each for each in layers if isinstance(each, keras.layers.BatchNormalization) and each.trainable]


def estimate_statistics(network: keras.Model, data: PreparedData, batch_size: int) -> None:
    """Replace the moving statistics of batch normalisation with those of some training images.

    The moving statistics belong to the weights of the last training steps. Averaged weights need their own, as in
    stochastic weight averaging (Izmailov et al., 2018, arXiv:1803.05407, section 3.2). The images are always the same
    and not augmented; random generators of the network end as they began, so that training goes on as without this
    call.

    Args:
        network: changed in place; frozen layers keep their statistics.
        data: the data set; images of its training split are used.
        batch_size: images a batch.
    """
    norms = trainable_norms(network)
    if not norms:
        return
    weights = {id(weight) for weight in network.weights}
    generators = [each for each in network.variables if id(each) not in weights]
    states = [keras.ops.convert_to_numpy(each).copy() for each in generators]
    momenta = [norm.momentum for norm in norms]
    for count, records in enumerate(_sample(data, batch_size)):
        for norm in norms:
            # The moving average becomes the mean over the batches so far.
            norm.momentum = count / (count + 1)
        network(data.inputs(records), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for generator, state in zip(generators, states, strict=True):
        generator.assign(state)


def _sample(data: PreparedData, batch_size: int) -> Array:
    """Return records of the training split, always the same ones, ``(batches, batch_size)``."""
    records = np.asarray(data.splits["train"])
    size = min(batch_size, len(records))
    # At random: the split may be in the order of its classes, and a batch of one class has other statistics.
    chosen = np.random.default_rng(0).permutation(len(records))
    batches = max(1, min(STATISTICS_IMAGES, len(records)) // size)
    sample: Array = records[chosen[: batches * size]].reshape(batches, size)
    return sample
