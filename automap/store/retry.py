"""Waiting for a database that does not answer: a server that restarts costs a search nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from automap.exceptions import ConnectionLost

PATIENCE_SECONDS = 300.0
"""How long a database may be away."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

T = TypeVar("T")


class Outage:
    """How long a database has not answered; to be asked again and again by whoever can go on without it."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._began: float | None = None

    def over(self) -> None:
        """Take note that the database answers."""
        self._began = None

    def endure(self, error: ConnectionLost) -> None:
        """Take note that it does not.

        Raises:
            ConnectionLost: the error itself, once it has lasted too long.
        """
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        if now - self._began > self._patience:
            raise error

    @property
    def lasts(self) -> bool:
        """Whether the database did not answer the last time."""
        return self._began is not None


def with_retries(call: Callable[[], T], stop: threading.Event | None = None, patience: float = PATIENCE_SECONDS) -> T:
    """Call a function, again and again while the database does not answer.

    Args:
        call: what may be done twice without harm: a connection may break after the database has done it.
        stop: ends the waiting early.
        patience: seconds until it ends.

    Returns:
        What the function returns.

    Raises:
        ConnectionLost: if the database stays away, or `stop` is set before it is back.
    """
    outage, pause = Outage(patience), _FIRST_PAUSE
    waiting = stop or threading.Event()
    while True:
        try:
            return call()
        except ConnectionLost as error:
            outage.endure(error)
            if waiting.wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE)
