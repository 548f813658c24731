"""How long a worker needs until a trial that it starts or resumes is training, and to evaluate it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from automap.training.request import Phase

REMEMBERED = 5


@dataclass
class Startup:
    """The last trials' times between their start and the first trained batch, and the last evaluation's."""

    evaluation_seconds: float = 0.0
    """Duration of the last evaluation, its checkpoint included; 0 before the first one."""
    _evaluating_since: float | None = None
    _last: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def seconds(self) -> float:
        """The longest of the last times; 0 before the first one."""
        return max(self._last, default=0.0)

    @property
    def shortest_seconds(self) -> float:
        """The shortest of the last times; 0 before the first one."""
        return min(self._last, default=0.0)

    def watching(self, inner: Callable[[Phase], None]) -> Callable[[Phase], None]:
        """Return a callback for the phases of a trial that starts now; it hands every phase on."""
        started: float | None = time.monotonic()

        def note(phase: Phase) -> None:
            nonlocal started
            self._evaluating_since = time.monotonic() if phase == "evaluating" else None
            if phase == "training" and started is not None:
                self._last.append(time.monotonic() - started)
                started = None
            inner(phase)

        return note

    def note_evaluated(self) -> None:
        """Record that the evaluation that began last is over."""
        if self._evaluating_since is not None:
            self.evaluation_seconds = time.monotonic() - self._evaluating_since
