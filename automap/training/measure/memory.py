"""Memory of this process: its peak during a trial, and releasing it after a trial."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

import keras

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""Written to clear_refs, resets the peak resident size to the current one (Linux, proc(5))."""


def reset_peak() -> None:
    """Reset the peak resident size, where the system supports it (Linux)."""
    with suppress(OSError):
        _CLEAR.write_text(_RESET_PEAK)


def resident_bytes() -> int | None:
    """Return the resident size of this process; None if the system does not report it."""
    return _status("VmRSS")


def peak_bytes() -> int | None:
    """Return the peak resident size since `reset_peak`; None if the system does not report it."""
    return _status("VmHWM")


def release() -> None:
    """Release the memory of models that are no longer referenced."""
    # One collection only: each takes a quarter of a second because of TensorFlow's many objects.
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    _trim()


def _status(key: str) -> int | None:
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    return None


def _trim() -> None:
    # glibc keeps freed memory of many small arrays; without this the resident size would grow with each trial.
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
