"""Names of workers: they contain host and process id, so that dead workers are detected at once."""

from __future__ import annotations

import hashlib
import os
import socket
import time
import uuid
from functools import cache
from pathlib import Path

from automap.search.study import Study
from automap.store import leases, runs

REPORT_SECONDS = 2.0
"""How long the driver of a dead worker has to record how it died."""


@cache
def host() -> str:
    """Return a name of this host that is unique to its boot and container, the scope of process ids."""
    boot = _read("/proc/sys/kernel/random/boot_id") or str(uuid.getnode())
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}.{hashlib.sha256(f'{boot}{namespace}'.encode()).hexdigest()[:8]}"


def worker_prefix() -> str:
    """Return the prefix of the names of workers that this process starts."""
    return f"{host()}-{os.getpid()}-"


def worker_name(process: int) -> str:
    """Return the name of a worker that this process has started.

    Args:
        process: process id of the worker.
    """
    return f"{worker_prefix()}{process}"


def has_died(worker: str) -> bool:
    """Return whether a worker is known to be dead: it ran on this host, and its process is gone."""
    where, _, process = worker.rpartition("-")
    return where.rpartition("-")[0] == host() and process.isdigit() and not _is_alive(int(process))


class DeadWorkers:
    """Releases the runs of workers of this host whose processes are gone."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def release(self, study: Study) -> None:
        """Release the runs of dead workers, after a delay in which their drivers can record how they died."""
        now = time.monotonic()
        held = {run.worker for run in runs.list_active(study.store) if run.state == "running" and run.worker}
        for worker in held:
            if not has_died(worker):
                continue
            if now - self._seen.setdefault(worker, now) >= REPORT_SECONDS:
                leases.release_worker(study.engine, worker, "its process is gone")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        # A process of another user, or not a process id.
        return True
    return True


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
