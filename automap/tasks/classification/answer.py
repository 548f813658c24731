"""Answers of classification."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from automap.interfaces.answer import Answer, Row
from automap.interfaces.array import Array


class ClassProbability(BaseModel):
    """A class and its probability."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    probability: float


class ClassificationAnswer(Answer):
    """The most probable class of an image."""

    label: str
    probability: float
    classes: tuple[ClassProbability, ...]
    """All classes, the most probable first."""

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row: label and probability of the most probable class, then of the next ones."""
        row: Row = {"label": self.label, "probability": self.probability}
        for place, other in enumerate(self.classes[1:top], start=2):
            row |= {f"label_{place}": other.label, f"probability_{place}": other.probability}
        return [row]


_ANSWERS = TypeAdapter(list[ClassificationAnswer])


def classification_answers(probabilities: Array, labels: tuple[str, ...]) -> list[ClassificationAnswer]:
    """Return an answer for each row of probabilities ``(images, classes)``; ties keep the order of the labels."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    values = np.take_along_axis(probabilities, order, axis=1)
    found = []
    for places, row in zip(order.tolist(), values.tolist(), strict=True):
        classes = [{"label": labels[place], "probability": value} for place, value in zip(places, row, strict=True)]
        found.append({**classes[0], "classes": classes})
    # All at once: creating the models one by one took a third of the time of predicting small images.
    return _ANSWERS.validate_python(found)


def ranked(probabilities: Array, labels: tuple[str, ...]) -> tuple[ClassProbability, ...]:
    """Return classes with their probabilities ``(classes,)``, the most probable first."""
    order = (-probabilities).argsort(kind="stable")
    return tuple(ClassProbability(label=labels[index], probability=float(probabilities[index])) for index in order)
