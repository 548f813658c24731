"""What a loss is held to."""

from __future__ import annotations

from typing import Any, cast

import keras
import numpy as np
from keras import ops

from automap.interfaces.loss import LossComponent
from automap.interfaces.task import Task
from automap.spec.plugins import load_plugin
from automap.testing.component import check_component, instance_of, require
from automap.testing.examples import KINDS, Example, example
from automap.testing.heads import features_of

STEPS = 30


def check_loss(loss: LossComponent | type[LossComponent]) -> None:
    """Check a loss with every task that it serves.

    - It is one finite number, also for large outputs and for soft labels if it is `mixable`.
    - It is the same whenever it is computed from the same values.
    - Gradient descent on the outputs lowers it.

    Args:
        loss: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
        PluginError: if a task in `tasks` is not installed.
    """
    built = instance_of(loss)
    check_component(built)
    require(bool(built.tasks), f"{type(built).__name__}.tasks is empty: name the tasks that it serves")
    for name in sorted(built.tasks):
        task = cast("type[Task]", load_plugin(Task.group, name))()
        kind = next(kind for kind in KINDS if kind in task.targets)
        _check_values(built, task, example(kind))
        _check_descent(built, task, example(kind))


def _check_values(component: LossComponent, task: Task, data: Example) -> None:
    targets, outputs = _targets(task, data), _outputs(task, data)
    value = component.build(data.info)
    first, again = _number(value(targets, outputs)), _number(value(targets, outputs))
    require(first == again, "the same targets and outputs give different values")
    large = _number(value(targets, outputs * 1e3))
    require(np.isfinite(large), f"the loss of outputs around 1,000 is {large}")
    if component.mixable and task.mixable:
        soft = 0.7 * targets + 0.3 * ops.roll(targets, 1, axis=0)
        mixed = _number(value(soft, outputs))
        require(np.isfinite(mixed), f"the loss of soft labels is {mixed}; set mixable to False if it takes none")


def _check_descent(component: LossComponent, task: Task, data: Example) -> None:
    targets = ops.convert_to_numpy(_targets(task, data))
    model = Descent(ops.convert_to_numpy(_outputs(task, data)), component.build(data.info), targets)
    model.compile(keras.optimizers.Adam(0.05), jit_compile=False)
    losses = [float(model.train_on_batch(np.zeros((1, 1), "float32"))) for _ in range(STEPS)]
    require(bool(np.isfinite(losses).all()), f"the loss becomes {losses[-1]} within {STEPS} steps of gradient descent")
    require(
        min(losses[1:]) < losses[0],
        f"gradient descent on the outputs of {type(task).__name__} does not lower the loss from {losses[0]:.4g}",
    )


class Descent(keras.Model):  # type: ignore[misc]
    """Outputs that are trained directly."""

    def __init__(self, outputs: Any, loss: Any, targets: Any) -> None:
        super().__init__()
        self.outputs_variable = self.add_weight(shape=outputs.shape, initializer="zeros", name="outputs")
        self.outputs_variable.assign(outputs)
        self.value, self.targets = loss, targets
        loss(targets, ops.convert_to_tensor(outputs))
        self.built = True

    def call(self, _: Any) -> Any:
        """Return the outputs."""
        return ops.convert_to_tensor(self.outputs_variable)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss of the outputs."""
        return ops.mean(self.value(self.targets, y_pred))


def _targets(task: Task, data: Example) -> Any:
    return task.loss_target(task.prepare(ops.convert_to_tensor(data.targets), data.info))


def _outputs(task: Task, data: Example) -> Any:
    keras.utils.set_random_seed(0)
    inputs = {"image": keras.Input(data.info.image.shape, name="image")}
    model = keras.Model(inputs, task.outputs(features_of(inputs["image"]), inputs, data.info))
    return model({"image": data.images.astype("float32")}, training=False)


def _number(value: Any) -> float:
    found = ops.convert_to_numpy(value)
    require(found.size == 1, f"the loss of a batch must be one number; received the shape {found.shape}")
    require(bool(np.isfinite(found).all()), f"the loss is {found}")
    return float(found)
