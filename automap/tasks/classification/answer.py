"""Answers of classification."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

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


def ranked(probabilities: Array, labels: tuple[str, ...]) -> tuple[ClassProbability, ...]:
    """Return classes with their probabilities ``(classes,)``, the most probable first."""
    order = (-probabilities).argsort(kind="stable")
    return tuple(ClassProbability(label=labels[index], probability=float(probabilities[index])) for index in order)
