"""Counting requests to stop: once means stop soon, twice means stop now."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATION_SECONDS = 20.0
"""Cluster managers send SIGTERM and kill 30 seconds later (Kubernetes, SLURM); workers are stopped before that."""


class Interrupts:
    """How often the user, or a cluster manager, has asked to stop."""

    def __init__(self) -> None:
        self._signals = 0
        self._terminated_at: float | None = None

    @property
    def count(self) -> int:
        """The number of requests; a SIGTERM counts twice after `TERMINATION_SECONDS`."""
        if self._terminated_at is not None and time.monotonic() - self._terminated_at > TERMINATION_SECONDS:
            return max(2, self._signals)
        return self._signals

    def add(self, signum: int, frame: FrameType | None) -> None:
        """Count a request; a signal handler."""
        self._signals += 1
        if signum == signal.SIGTERM and self._terminated_at is None:
            self._terminated_at = time.monotonic()


@contextmanager
def count_interrupts() -> Iterator[Interrupts]:
    """Count SIGINT and SIGTERM within the block instead of exiting."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.add) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
