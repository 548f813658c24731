"""How long a command has been running, its start and its imports included."""

from __future__ import annotations

import os
import time
from pathlib import Path

_IMPORTED = time.monotonic()


def process_start() -> float:
    """Return when this process was started, by `time.monotonic`.

    Where the system does not tell, it is when this module was imported.
    """
    try:
        # The fields after the name, which may itself hold spaces: proc(5) counts them from 3.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return _IMPORTED
