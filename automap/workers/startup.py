"""How long a worker needs until a trial that it starts or resumes is training."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from automap.training.request import Phase

REMEMBERED = 5


@dataclass
class Startup:
    """The last trials' times between their start and the first trained batch."""

    _last: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def seconds(self) -> float:
        """The longest of the last times; 0 before the first one."""
        return max(self._last, default=0.0)

    def watching(self, inner: Callable[[Phase], None]) -> Callable[[Phase], None]:
        """Return a callback for the phases of a trial that starts now; it hands every phase on."""
        started: float | None = time.monotonic()

        def note(phase: Phase) -> None:
            nonlocal started
            if phase == "training" and started is not None:
                self._last.append(time.monotonic() - started)
                started = None
            inner(phase)

        return note
