"""Counting Ctrl-C: once means stop soon, twice means stop now."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """How often the user, or a scheduler, asked to stop."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, signum: int, frame: FrameType | None) -> None:
        """Count one; a signal handler."""
        self.count += 1


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
