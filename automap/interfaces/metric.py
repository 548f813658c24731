"""Metrics: what they are called, which direction is better, and how a task computes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from automap.interfaces.array import Array

Direction = Literal["maximize", "minimize"]


class Metric(NamedTuple):
    """A number by which results are compared."""

    direction: Direction
    description: str
    unit: str = ""


def sign_of(direction: Direction) -> float:
    """Return the factor that turns a value into one to minimize: -1 for ``maximize``, 1 for ``minimize``."""
    return -1.0 if direction == "maximize" else 1.0


class VerificationPairs(NamedTuple):
    """Pairs of images on which a recognition model is evaluated, as in LFW's protocol."""

    first: Array
    """Index of one image of each pair within its split, ``(pairs,)``, int64."""
    second: Array
    """Index of the other image, ``(pairs,)``, int64."""
    fold: Array
    """Fold of each pair, ``(pairs,)``, int64, from 0."""


class Evaluator(ABC):
    """Accumulates the metrics of one evaluation, batch by batch."""

    @abstractmethod
    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch.

        Args:
            targets: as the cache stores them, ``(batch, …)``.
            outputs: the network's raw outputs (logits), ``(batch, …)``, float32.
            inputs: what the network was given, by name; ``image`` is ``(batch, height, width, channels)``.
        """

    @abstractmethod
    def compute(self) -> dict[str, float]:
        """Return every metric of the task by name."""
