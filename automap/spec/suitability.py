"""Which augmentations and losses suit a task, and each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from automap.interfaces.augmentation import Augmentation
from automap.interfaces.component import Component
from automap.interfaces.loss import LossComponent
from automap.interfaces.task import Task
from automap.spec.plugins import find_plugins, try_load
from automap.spec.space import Choices, ComponentSpace, Space


def suits(augmentation: type[Augmentation], task: type[Task], several_inputs: bool = False) -> bool:
    """Return whether an augmentation keeps the task's targets and other inputs aligned with the images."""
    mixable = task.mixable and not several_inputs
    return task.placed <= augmentation.serves and (mixable or not augmentation.mixes)


def refuse_augmentations(
    pipeline: tuple[Space, ...], name: str, task: type[Task], several_inputs: bool = False
) -> None:
    """Refuse augmentations that would leave targets or other inputs misaligned with their images.

    Args:
        pipeline: the augmentations, with their choices.
        name: of the task.
        task: the task.
        several_inputs: whether samples have inputs beside the image.

    Raises:
        ValueError: for the first augmentation that does not suit.
    """
    for option in _components(*pipeline):
        model = cast(type[Augmentation], option.model)
        if not task.placed <= model.serves:
            left = ", ".join(sorted(task.placed - model.serves))
            raise ValueError(f"augmentation '{option.type}' does not keep {left} aligned with the image")
        if model.mixes and not task.mixable:
            raise ValueError(
                f"augmentation '{option.type}' blends images and their labels, but the targets of the task '{name}' "
                "cannot be blended; remove it"
            )
        if model.mixes and several_inputs:
            raise ValueError(
                f"augmentation '{option.type}' blends images, but the features of the data set cannot be blended with "
                "them; remove it"
            )


def refuse_losses(loss: Space, name: str, task: type[Task], pipeline: tuple[Space, ...]) -> None:
    """Refuse losses that do not serve the task, or that cannot take labels as the augmentations mix them.

    Args:
        loss: the loss, with its choices.
        name: of the task.
        task: the task.
        pipeline: the augmentations.

    Raises:
        ValueError: for the first loss that does not suit.
    """
    mixing = next((each.type for each in _components(*pipeline) if cast(Any, each.model).mixes), None)
    for option in _components(loss):
        model = cast(type[LossComponent], option.model)
        if name not in model.tasks and option.type not in task.losses:
            serving = _serving(name, task)
            raise ValueError(f"loss '{option.type}' does not serve the task '{name}'; losses that do: {serving}")
        if mixing is not None and not model.mixable:
            raise ValueError(
                f"loss '{option.type}' needs one class for each image, but augmentation '{mixing}' blends images "
                "of two classes; remove one of them"
            )


def tasks_that_learn_from(target: str) -> tuple[str, ...]:
    """Return the names of the working tasks that learn from a kind of target; the default task comes first.

    Args:
        target: the kind (`Dataset.target`).
    """
    tasks = {name: cast(type[Task], model) for name, model in _working(Task.group)}
    learning = [name for name, task in tasks.items() if target in task.targets]
    return tuple(sorted(learning, key=lambda name: (not tasks[name].recommended, name)))


def _serving(name: str, task: type[Task]) -> str:
    working = ((loss, cast(type[LossComponent], model)) for loss, model in _working(LossComponent.group))
    losses = [loss for loss, model in working if name in model.tasks or loss in task.losses]
    return ", ".join(losses) or "none; see: automap plugins list"


def _working(group: str) -> Iterator[tuple[str, type[Component]]]:
    """Yield the name and class of every working plugin of a group."""
    for name, found in find_plugins(group).items():
        model = try_load(group, name) if len(found) == 1 else None
        if isinstance(model, type):
            yield name, model


def _components(*spaces: Space) -> Iterator[ComponentSpace]:
    """Yield every component of spaces, those of nested choices included."""
    for space in spaces:
        if isinstance(space, Choices):
            yield from _components(*space.options)
        elif isinstance(space, ComponentSpace):
            yield space
