"""Counting requests to stop: once means stop soon, twice means stop now."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATION_SECONDS = 20.0
"""Schedulers send SIGTERM and kill 30 seconds later (Kubernetes, SLURM): what still runs by then is stopped before."""


class Interrupts:
    """How often the user, or a scheduler, asked to stop."""

    def __init__(self) -> None:
        self._signals = 0
        self._terminated_at: float | None = None

    @property
    def count(self) -> int:
        """How often; a SIGTERM counts twice after `TERMINATION_SECONDS`."""
        if self._terminated_at is not None and time.monotonic() - self._terminated_at > TERMINATION_SECONDS:
            return max(2, self._signals)
        return self._signals

    def add(self, signum: int, frame: FrameType | None) -> None:
        """Count one; a signal handler."""
        self._signals += 1
        if signum == signal.SIGTERM and self._terminated_at is None:
            self._terminated_at = time.monotonic()


@contextmanager
def count_interrupts() -> Iterator[Interrupts]:
    """Count SIGINT and SIGTERM instead of dying of them, for as long as the block runs."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.add) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
