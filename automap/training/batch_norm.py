"""The statistics of batch normalisation under weights that no training step has seen."""

from __future__ import annotations

from typing import Any

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


class BatchStatistics:
    """Estimates the statistics of a network's batch normalisation; the pass over the images is compiled once.

    Args:
        network: its moving statistics are replaced; frozen layers keep theirs.
    """

    def __init__(self, network: keras.Model) -> None:
        self._network = network
        self._pass: _TrainingPass | None = None
        self._traced: list[str] = []

    def estimate(self, data: PreparedData, batch_size: int, *, jit: bool = False) -> None:
        """Replace the moving statistics with the mean of those of some training images' batches.

        The moving statistics belong to the weights of the last training steps. Averaged weights need their own, as in
        stochastic weight averaging (Izmailov et al., 2018, arXiv:1803.05407, section 3.2). The images are always the
        same and not augmented; random generators of the network end as they began, so that training goes on as
        without this call.

        Args:
            data: the data set; images of its training split are used.
            batch_size: images a batch.
            jit: whether to compile the pass with XLA.
        """
        norms = trainable_norms(self._network)
        if not norms:
            return
        weights = {id(weight) for weight in self._network.weights}
        generators = [each for each in self._network.variables if id(each) not in weights]
        states = [keras.ops.convert_to_numpy(each).copy() for each in generators]
        moving = [variable for norm in norms for variable in (norm.moving_mean, norm.moving_variance)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            # Each batch leaves its own statistics.
            norm.momentum = 0.0
        run, found = self._compiled(norms, jit), []
        for records in _sample(data, batch_size):
            run.predict_on_batch(data.inputs(records))
            found.append([keras.ops.convert_to_numpy(variable).copy() for variable in moving])
        for variable, values in zip(moving, zip(*found, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for generator, state in zip(generators, states, strict=True):
            generator.assign(state)

    def _compiled(self, norms: list[keras.layers.BatchNormalization], jit: bool) -> _TrainingPass:
        trainable = [norm.name for norm in norms]
        if self._pass is None or self._traced != trainable:
            # Whether a layer is frozen is part of the compiled pass.
            self._pass, self._traced = _TrainingPass(self._network), trainable
            self._pass.compile(jit_compile=jit)
        return self._pass


class _TrainingPass(keras.Model):  # type: ignore[misc]
    """Runs a network as in training; only its effect on moving statistics counts."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name="training_pass", dtype="float32")
        self.network = network
        self.built = True

    def call(self, inputs: dict[str, Any]) -> Any:
        self.network(inputs, training=True)
        return keras.ops.zeros((1,))


def _sample(data: PreparedData, batch_size: int) -> Array:
    """Return records of the training split, always the same ones, ``(batches, batch_size)``."""
    records = np.asarray(data.splits["train"])
    size = min(batch_size, len(records))
    # At random: the split may be in the order of its classes, and a batch of one class has other statistics.
    chosen = np.random.default_rng(0).permutation(len(records))
    batches = max(1, min(STATISTICS_IMAGES, len(records)) // size)
    sample: Array = records[chosen[: batches * size]].reshape(batches, size)
    return sample
