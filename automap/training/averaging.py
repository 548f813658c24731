"""Averaged weights, which are evaluated and kept instead of those of the last step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops


class WeightAverage(keras.Layer):  # type: ignore[misc]
    """An exponential moving average of a network's weights, kept up to date inside the compiled step.

    Keras's own average (``Optimizer(use_ema=True)``) is not used for two reasons: ``fit`` overwrites the weights with
    it whenever it returns, so that training in several calls would continue from averages; and its momentum is
    constant, so that at early rungs the average is still close to the initial weights. Here the momentum of step t is
    at most ``(1 + t) / (10 + t)``, as in TensorFlow's ``ExponentialMovingAverage``. The statistics of batch
    normalisation do not fit averaged weights, even if they are averaged too; `BatchStatistics` replaces them
    before an evaluation.

    Args:
        network: the network whose weights are averaged; built.
        momentum: weight of the previous average in each step, 0 to 1.
    """

    def __init__(self, network: keras.Model, momentum: float) -> None:
        super().__init__(name="average", dtype="float32")
        self.momentum = momentum
        # In a closure, not an attribute, so that Keras does not track the network twice.
        self._weights_of_network: Callable[[], list[keras.Variable]] = lambda: network.weights
        self._step = self.add_weight((), "zeros", name="step", trainable=False)
        self._averages = [
            self.add_weight(weight.shape, "zeros", name=f"average_{index}", trainable=False)
            for index, weight in enumerate(network.weights)
        ]
        for average, weight in zip(self._averages, network.weights, strict=True):
            # A copy: with a shared buffer, JAX could not pass both to the compiled step.
            average.assign(_copy(weight))
        self.built = True

    def update(self) -> None:
        """Move the averages towards the weights; called once a step, before the optimizer changes them."""
        step = ops.convert_to_tensor(self._step)
        momentum = ops.minimum(self.momentum, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self._averages, self._weights_of_network(), strict=True):
            now = ops.cast(ops.stop_gradient(ops.convert_to_tensor(weight)), "float32")
            average.assign(now + momentum * (average - now))
        self._step.assign(step + 1.0)

    def values(self) -> list[np.ndarray[Any, Any]]:
        """Return the average of each of the network's weights."""
        return [_copy(average) for average in self._averages]


@contextmanager
def evaluation_weights(
    network: keras.Model, optimizer: keras.Optimizer, average: WeightAverage | None
) -> Iterator[bool]:
    """Put the evaluation weights into the network within the block.

    These are the moving average, if there is one, or the averaged sequence of a schedule-free optimizer, which
    trains at a point between that and its fast sequence (Defazio et al., 2024, arXiv:2405.15682).

    Yields:
        Whether these weights differ from those that training has reached.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # Loss scaling wraps it.
    schedule_free = isinstance(optimizer, keras.optimizers.ScheduleFreeAdamW)
    if average is None and not schedule_free:
        yield False
        return
    raw = copied_weights(network)
    network.set_weights(average.values() if average else _schedule_free_values(network, optimizer))
    try:
        yield True
    finally:
        network.set_weights(raw)


def copied_weights(network: keras.Model) -> list[np.ndarray[Any, Any]]:
    """Return the network's weights as arrays that later steps do not change."""
    return [_copy(weight) for weight in network.weights]


def _schedule_free_values(
    network: keras.Model, optimizer: keras.optimizers.ScheduleFreeAdamW
) -> list[np.ndarray[Any, Any]]:
    # Keras stores y = (1 - β₁)·z + β₁·x in the model and z as "momentum"; x is what generalises.
    fast = {
        id(variable): momentum
        for variable, momentum in zip(optimizer._trainable_variables, optimizer._momentums, strict=True)
    }
    beta = optimizer.beta_1
    return [
        _copy((weight - (1 - beta) * fast[id(weight)]) / beta if id(weight) in fast else weight)
        for weight in network.weights
    ]


def _copy(value: Any) -> np.ndarray[Any, Any]:
    # Of its own memory: what a backend hands out may be a view of the variable's.
    return np.array(ops.convert_to_numpy(value))
