"""The interface of executors: local processes and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Death:
    """A worker that ended abnormally."""

    worker: str
    reason: str
    """For instance ``killed by SIGKILL``, or the last lines of its log."""
    fatal: bool
    """Whether every other worker would fail too: a full disk, a broken plugin, a lost database."""


class Executor(Protocol):
    """Runs the workers of a study and reports deaths."""

    def start(self) -> None:
        """Start workers that are missing."""

    def deaths(self) -> list[Death]:
        """Return the workers that died since the last call."""

    def alive(self) -> int:
        """Return the number of running workers."""

    def stop(self, *, now: bool = False) -> None:
        """Ask every worker to stop at its next evaluation, or kill it now."""
