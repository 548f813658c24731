"""Retrying while the database does not answer, so that a server restart does not end a search."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from automap.exceptions import ConnectionLost

RETRY_SECONDS = 300.0
"""How long an outage may last before a search gives up."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

T = TypeVar("T")


class Outage:
    """Tracks how long the database has not answered, for a loop that can go on without it for a while.

    Args:
        limit: seconds after which an outage is an error.
    """

    def __init__(self, limit: float = RETRY_SECONDS) -> None:
        self._limit = limit
        self._began: float | None = None

    def end(self) -> None:
        """Record that the database answers."""
        self._began = None

    def extend(self, error: ConnectionLost) -> None:
        """Record that the database does not answer.

        Raises:
            ConnectionLost: `error`, once the outage is longer than the limit.
        """
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        if now - self._began > self._limit:
            raise error


def with_retries(call: Callable[[], T], stop: threading.Event | None = None, limit: float = RETRY_SECONDS) -> T:
    """Call a function until the database answers, with exponential backoff.

    Args:
        call: must be safe to repeat: the connection may break after the database has committed.
        stop: ends the waiting early.
        limit: how long to retry, in seconds.

    Returns:
        What the function returns.

    Raises:
        ConnectionLost: if the database does not come back in time, or `stop` is set before it does.
    """
    outage, pause = Outage(limit), _FIRST_PAUSE
    waiting = stop or threading.Event()
    while True:
        try:
            return call()
        except ConnectionLost as error:
            outage.extend(error)
            if waiting.wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE)
