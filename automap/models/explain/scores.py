"""The number that is explained: for each kind of target, one number of a model's raw outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import BoxesInfo, DataInfo, LabelInfo, LabelsInfo, MaskInfo, NumbersInfo
from automap.spec.suggest import did_you_mean

BOX_OUTPUTS = 8
"""Raw outputs of a detector before those of the classes; see `automap.tasks.detection.task.Detection.outputs`."""


@dataclass(frozen=True)
class Question:
    """What is explained about one image."""

    name: str
    """What the score stands for, for instance a class."""
    score: Callable[[Any], Any]
    """From raw outputs ``(batch, …)`` to scores ``(batch,)``, with Keras's operations."""


def question(info: DataInfo, output: Array, chosen: str | None = None) -> Question:
    """Return what to explain about an answer.

    Args:
        info: describes the data.
        output: the raw output for the image, without the batch axis.
        chosen: name of a class or a number; None for what the model is most certain of.

    Raises:
        UserError: if there is no such class or number, or the task's answers cannot be explained.
    """
    target = info.target
    if isinstance(target, NumbersInfo):
        return _numbers(target, chosen)
    if isinstance(target, LabelInfo) and output.shape != (len(target.classes),):
        raise UserError("answers of face recognition are explained in pairs: give two images")
    if isinstance(target, LabelInfo | LabelsInfo | MaskInfo | BoxesInfo):
        names = target.classes
        index = _likely(target, output) if chosen is None else _index(names, chosen, "class")
        return Question(names[index], _class_score(target, index))
    raise UserError("answers that are images cannot be explained")


def similarity(name: str, embedding: Array) -> Question:
    """Return the question why an image resembles another one.

    Args:
        name: of the other image.
        embedding: of the other image ``(dimensions,)``.
    """
    unit = embedding / max(float(np.linalg.norm(embedding)), 1e-12)
    return Question(name, lambda outputs: _dot(outputs, unit))


def _dot(outputs: Any, unit: Array) -> Any:
    from keras import ops

    return ops.sum(outputs * ops.convert_to_tensor(unit, "float32"), axis=-1)


def _numbers(target: NumbersInfo, chosen: str | None) -> Question:
    index = 0 if chosen is None else _index(target.names, chosen, "number")
    return Question(target.names[index], lambda outputs: outputs[:, index])


def _index(names: Sequence[str], chosen: str, what: str) -> int:
    if chosen not in names:
        raise UserError(f"the model has no {what} '{chosen}'; {did_you_mean(chosen, names, 'see: automap show')}")
    return list(names).index(chosen)


def _likely(target: Any, output: Array) -> int:
    if isinstance(target, MaskInfo):
        counts = np.bincount(output.argmax(-1).ravel(), minlength=len(target.classes))
        # The first class is the background, unless nothing else was found.
        return int(counts[1:].argmax()) + 1 if counts[1:].any() else 0
    if isinstance(target, BoxesInfo):
        return int(output[:, BOX_OUTPUTS:].max(axis=0).argmax())
    return int(output.argmax())


def _class_score(target: Any, index: int) -> Callable[[Any], Any]:
    if isinstance(target, MaskInfo):
        return lambda outputs: _mean(outputs[..., index])
    if isinstance(target, BoxesInfo):
        return lambda outputs: _largest(outputs[:, :, BOX_OUTPUTS + index])
    return lambda outputs: outputs[:, index]


def _mean(values: Any) -> Any:
    """Return the mean over the pixels where the class is likely: elsewhere it has nothing to explain."""
    from keras import ops

    return ops.mean(ops.relu(values), axis=(1, 2))


def _largest(values: Any) -> Any:
    from keras import ops

    return ops.max(values, axis=1)
