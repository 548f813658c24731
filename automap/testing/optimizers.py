"""What an optimizer is held to."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from automap.interfaces.optimizer import OptimizerComponent
from automap.testing.component import check_component, instance_of, require
from automap.testing.examples import digits

RATES = (0.5, 0.25)
LEAST_IMPROVEMENT = 0.8


def check_optimizer(optimizer: OptimizerComponent | type[OptimizerComponent]) -> None:
    """Check that an optimizer trains.

    - It takes a learning rate that follows a schedule, and the options that training sets.
    - It lowers the loss of a small network on real images, and keeps weights finite.
    - The same seed gives the same weights.
    - Training resumes exactly from its saved state.

    Args:
        optimizer: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(optimizer)
    check_component(built)
    _check_options(built)
    _check_training(built)
    _check_resuming(built)


def _check_options(component: OptimizerComponent) -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], list(RATES))
    built = component.build(schedule, global_clipnorm=5.0)
    require(isinstance(built, keras.Optimizer), f"build must return a keras.Optimizer; received {type(built).__name__}")
    rate = float(keras.ops.convert_to_numpy(built.learning_rate))
    require(rate == RATES[0], f"the learning rate must follow the schedule: {RATES[0]} at step 0; received {rate}")
    require(built.global_clipnorm == 5.0, "the option global_clipnorm is not passed on to the Keras optimizer")


def _check_training(component: OptimizerComponent) -> None:
    weights = []
    for _ in range(2):
        model = _model(component)
        before = model.evaluate(*_data(), verbose=0)
        model.fit(*_data(), batch_size=32, epochs=30, shuffle=False, verbose=0)
        after = model.evaluate(*_data(), verbose=0)
        require(
            after < LEAST_IMPROVEMENT * before,
            f"after 60 steps on 64 images the loss is {after:.3g}; it started at {before:.3g}",
        )
        weights.append(model.get_weights())
    same = all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))
    require(same, "the same seed gives different weights")


def _check_resuming(component: OptimizerComponent) -> None:
    straight, stopped = _model(component), _model(component)
    _steps(straight, 4)
    _steps(stopped, 2)
    resumed = _model(component, seed=1)
    resumed.set_weights(stopped.get_weights())
    resumed.optimizer.build(resumed.trainable_variables)
    for variable, value in zip(resumed.optimizer.variables, stopped.optimizer.variables, strict=True):
        variable.assign(keras.ops.convert_to_numpy(value))
    _steps(resumed, 2)
    pairs = zip(straight.get_weights(), resumed.get_weights(), strict=True)
    same = all(np.allclose(one, other, atol=1e-5) for one, other in pairs)
    require(same, "training that resumes from the optimizer's saved variables gives other weights")


def _steps(model: Any, count: int) -> None:
    for _ in range(count):
        model.train_on_batch(*_data())


def _model(component: OptimizerComponent, seed: int = 0) -> Any:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(component.build(component.learning_rate, global_clipnorm=5.0), loss)
    return model


def _data() -> tuple[Any, Any]:
    images, labels = digits(8)
    return images.reshape(len(images), -1).astype("float32") / 128 - 1, labels
