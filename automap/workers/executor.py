"""Where workers run: the one interface that local processes and clusters serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Death:
    """A worker that ended other than by finding nothing left to do."""

    worker: str
    reason: str
    """What is known, for instance ``killed by signal 9`` or the last lines of its log."""
    fatal: bool
    """Whether another worker would end in the same way: a full disk, a broken plugin, a lost database."""


class Executor(Protocol):
    """Runs workers of one study and says how they fare."""

    def start(self) -> None:
        """Bring the number of workers up to what it should be."""

    def deaths(self) -> list[Death]:
        """Return the workers that died since the last call."""

    def alive(self) -> int:
        """Return how many workers run now."""

    def stop(self, *, now: bool = False) -> None:
        """Ask every worker to stop at the end of its epoch, or kill it now."""
