"""What a spec leaves out: the task, loss, augmentation and objectives, which depend on other fields."""

from __future__ import annotations

from typing import Any, cast

from automap.interfaces.augmentation import Augmentation
from automap.interfaces.loss import LossComponent
from automap.interfaces.task import Task
from automap.spec.features import has_features
from automap.spec.objectives import Objective
from automap.spec.parse_space import parse_component, recommended_choices
from automap.spec.plugins import load_plugin
from automap.spec.space import ComponentSpace, Space
from automap.spec.suitability import suits, tasks_that_learn_from


def infer_task(data: dict[str, Any]) -> Space:
    """Return the first task that learns from the targets of the data set."""
    dataset = data.get("dataset")
    if dataset is None:
        raise ValueError("the task is inferred from the data set, which is not valid")
    for name in tasks_that_learn_from(dataset.target)[:1]:
        if load_plugin(Task.group, name).recommended:
            return parse_component(Task.group, name)
    raise ValueError(f"no installed task learns from targets of the kind '{dataset.target}'; name one: task: ...")


def default_loss(data: dict[str, Any]) -> Space:
    """Return the task's default loss."""
    return parse_component(LossComponent.group, task_class(data["task"]).default_loss)


def default_augmentation(data: dict[str, Any]) -> tuple[Space, ...]:
    """Return the recommended augmentations that suit the task and the inputs, as one choice."""
    task, several = task_class(data["task"]), has_features(data)
    return (
        recommended_choices(Augmentation.group, lambda model: suits(cast(type[Augmentation], model), task, several)),
    )


def default_objectives(data: dict[str, Any]) -> tuple[Objective, ...]:
    """Return the task's default objective."""
    task = task_class(data["task"])
    name = task.default_objective
    return (Objective(metric=name, direction=task.metrics[name].direction),)


def task_class(task: Space) -> type[Task]:
    """Return the class of a task without choices."""
    return cast(type[Task], cast(ComponentSpace, task).model)
