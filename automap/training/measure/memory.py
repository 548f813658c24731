"""Memory of this process: its peak during a trial, and giving back what a trial has used."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

import keras

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""What Linux takes to set the peak resident size back to the present one (proc(5))."""


def reset_peak() -> None:
    """Start the count of the peak resident size again, where the system can (Linux)."""
    with suppress(OSError):
        _CLEAR.write_text(_RESET_PEAK)


def resident_bytes() -> int | None:
    """Return the resident size of this process; None where the system does not tell."""
    return _status("VmRSS")


def peak_bytes() -> int | None:
    """Return the largest resident size since `reset_peak`; None where the system does not tell."""
    return _status("VmHWM")


def release() -> None:
    """Give back the memory of models that nothing refers to any more."""
    # One collection, not two: over the objects of TensorFlow's modules each takes a quarter of a second.
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
    # glibc keeps freed memory of many small arrays: without this the resident size creeps up with each trial.
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
