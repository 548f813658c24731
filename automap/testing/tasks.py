"""What a task is held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import keras
import numpy as np
from pydantic import TypeAdapter

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.loss import LossComponent
from automap.interfaces.task import Task
from automap.spec.plugins import load_plugin, plugin_name
from automap.testing.component import check_component, instance_of, require
from automap.testing.examples import KINDS, Example, example
from automap.testing.heads import features_of
from automap.training.model import Parts, TrainingModel

EPOCHS = 30


def check_task(task: Task | type[Task]) -> None:
    """Check a task with every kind of target that it learns from.

    - Its default objective is one of its metrics, and its default loss serves it.
    - Its head builds on any backbone, even with one feature map; raw outputs are finite, float32, one for each image.
    - It fits 64 images: training lowers its default loss.
    - Its evaluator computes every metric that it declares, and does not depend on how images are batched.
    - It decodes one answer for each image, which can be written as JSON.

    Args:
        task: an instance, or a class whose defaults are checked. It must be installed.

    Raises:
        AssertionError: with the promise that is broken.
        PluginError: if the task or its default loss is not installed.
    """
    built = instance_of(task)
    check_component(built)
    _check_declarations(built)
    for kind in sorted(built.targets):
        data = example(kind)
        _check_one_map(built, data)
        network = _network(built, data, features_of)
        _check_training(built, data, network)
        outputs = network.predict({"image": data.images}, verbose=0)
        _check_evaluator(built, data, outputs)
        _check_answers(built, data, outputs)


def _check_declarations(task: Task) -> None:
    name = type(task).__name__
    require(bool(task.targets), f"{name}.targets is empty: name the kinds of target that it learns from")
    unknown = sorted(task.targets - set(KINDS))
    require(not unknown, f"{name}.targets has unknown kinds {', '.join(unknown)}; there are {', '.join(KINDS)}")
    require(task.default_objective in task.metrics, f"default_objective '{task.default_objective}' is not a metric")
    require(
        task.default_loss in task.losses or plugin_name(type(task)) in _default_loss(task).tasks,
        f"the default loss '{task.default_loss}' must be named in {name}.losses, or name the task in its `tasks`",
    )


def _default_loss(task: Task) -> LossComponent:
    return cast("type[LossComponent]", load_plugin(LossComponent.group, task.default_loss))()


def _check_one_map(task: Task, data: Example) -> None:
    network = _network(task, data, _one_map)
    outputs = network.predict({"image": data.images[:4]}, verbose=0)
    require(len(outputs) == 4, f"4 images give {len(outputs)} outputs")
    require(outputs.dtype == np.float32, f"raw outputs must be float32; received {outputs.dtype}")
    require(bool(np.isfinite(outputs).all()), "raw outputs are not finite")


def _one_map(image: Any) -> Features:
    scaled = keras.layers.Rescaling(1 / 128, -1)(image)
    return {4: keras.layers.Conv2D(8, 4, strides=4, padding="same")(scaled)}


def _network(task: Task, data: Example, backbone: Any) -> Any:
    keras.utils.set_random_seed(0)
    inputs = {"image": keras.Input(data.info.image.shape, name="image")}
    return keras.Model(inputs, task.outputs(backbone(inputs["image"]), inputs, data.info))


def _check_training(task: Task, data: Example, network: Any) -> None:
    parts = Parts(network, [], _default_loss(task).build(data.info), keras.optimizers.Adam(3e-3))
    model = TrainingModel(parts, task, data.info)
    batch = {"inputs": {"image": data.images}, "targets": data.targets}
    # A loss with weights of its own creates them on the first batch, which must not be inside the compiled step.
    outputs, target = model(
        {key: keras.tree.map_structure(lambda array: array[:2], batch[key]) for key in batch}, training=True
    )
    if isinstance(parts.loss, keras.Layer):
        parts.loss(target, outputs)
    model.compile(parts.optimizer, jit_compile=False)
    losses = model.fit(batch, batch_size=32, epochs=EPOCHS, verbose=0).history["loss"]
    require(bool(np.isfinite(losses).all()), f"the default loss becomes {losses[-1]} in training")
    require(
        losses[-1] < losses[0],
        f"{EPOCHS} epochs on 64 images change the default loss from {losses[0]:.4g} to {losses[-1]:.4g}",
    )


def _check_evaluator(task: Task, data: Example, outputs: Array) -> None:
    whole, batched = (_metrics(task, data, outputs, size) for size in (len(outputs), 24))
    # The loss is computed by training; metrics of single classes may come on top.
    missing = sorted(set(task.metrics) - {"loss"} - set(whole))
    require(not missing, f"the evaluator does not compute {', '.join(missing)}")
    different = [name for name, value in whole.items() if not np.isclose(value, batched[name], equal_nan=True)]
    require(not different, f"{', '.join(different)} depend on how images are batched")


def _metrics(task: Task, data: Example, outputs: Array, size: int) -> dict[str, float]:
    evaluator = task.evaluator(data.info)
    for part in _batches(len(outputs), size):
        evaluator.update(data.targets[part], outputs[part], {"image": data.images[part]})
    return evaluator.compute()


def _batches(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))


def _check_answers(task: Task, data: Example, outputs: Array) -> None:
    answers = task.decode(outputs[:4], data.info)
    require(len(answers) == 4, f"4 images give {len(answers)} answers")
    for answer in answers:
        TypeAdapter(Any).dump_json(answer)
