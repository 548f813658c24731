"""The processors that this process may use, on every system."""

from __future__ import annotations

import os
from collections.abc import Iterable


def usable_processors() -> tuple[int, ...]:
    """Return the numbers of the processors that this process may use; all if the system does not report it."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def restrict_processors(numbers: Iterable[int]) -> None:
    """Restrict this process to some processors, if the system supports it (Linux)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, numbers)
