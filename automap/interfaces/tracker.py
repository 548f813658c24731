"""Trackers: experiment-tracking tools that a study can be copied to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from automap.interfaces.component import Component


@dataclass(frozen=True)
class TrackedPoint:
    """One evaluation of a trial."""

    images: int
    """Training images seen so far."""
    metrics: Mapping[str, float]
    """Finite values by name."""


@dataclass(frozen=True)
class TrackedTrial:
    """One trial with everything that tracking tools show."""

    number: int
    state: str
    """As on the leaderboard: ``finalist``, ``complete``, ``paused``, ``failed`` and so on."""
    hyperparameters: Mapping[str, bool | int | float | str]
    """By dotted name, such as ``architecture.cnn.dropout``."""
    curve: Sequence[TrackedPoint]
    metrics: Mapping[str, float]
    """Final values: ``validation.accuracy``, ``test.accuracy``, ``cost.latency_ms`` and so on."""
    started_at: datetime
    """In UTC."""
    ended_at: datetime | None
    """In UTC; None if it has not ended."""


@dataclass(frozen=True)
class TrackedStudy:
    """A study to be copied."""

    name: str
    trials: Sequence[TrackedTrial]


class Tracker(Component, ABC):
    """Copies a study to an experiment-tracking tool.

    Class attributes:
        packages: modules that must be installed.
    """

    group: ClassVar[str] = "automap.trackers"
    packages: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def write(self, study: TrackedStudy, folder: Path) -> None:
        """Write the study in the tool's own format.

        Args:
            study: with its trials, by number.
            folder: exists and is empty.
        """
