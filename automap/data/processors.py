"""The processors that this process may use, on every system."""

from __future__ import annotations

import os
from collections.abc import Iterable


def usable_processors() -> tuple[int, ...]:
    """Return the numbers of the processors that this process may use; all of them where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def restrict_processors(numbers: Iterable[int]) -> None:
    """Let this process use some processors only, where the system can do that (Linux)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, numbers)
