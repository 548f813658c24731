"""What in a spec does not go together: augmentations and losses with the task, and with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from automap.interfaces.augmentation import Augmentation
from automap.interfaces.component import Component
from automap.interfaces.loss import LossComponent
from automap.interfaces.task import Task
from automap.spec.plugins import find_plugins, try_load
from automap.spec.space import Choices, ComponentSpace, Space


def suits(augmentation: type[Augmentation], task: type[Task]) -> bool:
    """Return whether an augmentation keeps a task's images and targets together."""
    return task.placed <= augmentation.serves and (task.mixable or not augmentation.mixes)


def refuse_augmentations(pipeline: tuple[Space, ...], name: str, task: type[Task]) -> None:
    """Refuse augmentations that would leave images and targets apart.

    Args:
        pipeline: the augmentations, with their choices.
        name: of the task.
        task: the task.

    Raises:
        ValueError: with the first that does not suit.
    """
    for option in _components(*pipeline):
        model = cast(type[Augmentation], option.model)
        if not task.placed <= model.serves:
            left = ", ".join(sorted(task.placed - model.serves))
            raise ValueError(f"augmentation '{option.type}' changes images, but cannot keep {left} in their places")
        if model.mixes and not task.mixable:
            raise ValueError(
                f"augmentation '{option.type}' blends images and their labels, but the task '{name}' has no labels to "
                "blend: its targets would stay those of one image; leave it out"
            )


def refuse_losses(loss: Space, name: str, pipeline: tuple[Space, ...]) -> None:
    """Refuse losses that the task has no use for, or that cannot take what augmentations make of its labels.

    Args:
        loss: the loss, with its choices.
        name: of the task.
        pipeline: the augmentations.

    Raises:
        ValueError: with the first that does not suit.
    """
    mixing = next((each.type for each in _components(*pipeline) if cast(Any, each.model).mixes), None)
    for option in _components(loss):
        model = cast(type[LossComponent], option.model)
        if name not in model.tasks:
            raise ValueError(f"loss '{option.type}' does not serve the task '{name}'; there are: {_serving(name)}")
        if mixing is not None and not model.mixable:
            raise ValueError(
                f"loss '{option.type}' compares images by their class, and after augmentation '{mixing}' an image has "
                "shares of two; leave one of them out"
            )


def tasks_that_learn_from(target: str) -> tuple[str, ...]:
    """Return the names of the working tasks that learn from a kind of target, the one that a spec may leave out first.

    Args:
        target: the kind (`Dataset.target`).
    """
    tasks = {name: cast(type[Task], model) for name, model in _working(Task.group)}
    learning = [name for name, task in tasks.items() if target in task.targets]
    return tuple(sorted(learning, key=lambda name: (not tasks[name].recommended, name)))


def _serving(task: str) -> str:
    losses = [name for name, model in _working(LossComponent.group) if task in cast(type[LossComponent], model).tasks]
    return ", ".join(losses) or "none; see: automap plugins list"


def _working(group: str) -> Iterator[tuple[str, type[Component]]]:
    """Yield every plugin of a group that can be used, by name."""
    for name, found in find_plugins(group).items():
        model = try_load(group, name) if len(found) == 1 else None
        if isinstance(model, type):
            yield name, model


def _components(*spaces: Space) -> Iterator[ComponentSpace]:
    """Yield every component that may be chosen, however deep the choices."""
    for space in spaces:
        if isinstance(space, Choices):
            yield from _components(*space.options)
        elif isinstance(space, ComponentSpace):
            yield space
