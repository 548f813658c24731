"""Workers as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from automap.search.executor import Death

LAST_WORDS = "automap: "
"""What a worker's message begins with that tells why it ends; the lines after it belong to it."""

FATAL_EXIT = 3
"""Exit code of a worker that found something which no other worker would find better."""


@dataclass
class _Process:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class LocalExecutor:
    """Starts worker processes that import Keras once and train one trial after another.

    Args:
        storage: the database's URL; it is handed over on standard input, since it may hold a password.
        study: the study's name.
        logs: folder for the workers' output.
        workers: how many processes.
        seed: the first worker's sampler seed.
    """

    def __init__(self, storage: str, study: str, logs: Path, workers: int, seed: int) -> None:
        self._order = {"storage": storage, "study": study}
        self._logs, self._workers, self._seed = logs, workers, seed
        self._processes: list[_Process] = []
        self._started = 0

    def start(self) -> None:
        """Bring the number of processes up to what it should be."""
        while len(self._processes) < self._workers:
            self._processes.append(self._spawn())

    def deaths(self) -> list[Death]:
        """Return the workers that died since the last call; those that ended well are only forgotten."""
        ended = [process for process in self._processes if process.process.poll() is not None]
        self._processes = [process for process in self._processes if process not in ended]
        return [_death(process) for process in ended if process.process.returncode != 0]

    def alive(self) -> int:
        """Return how many processes run."""
        return sum(process.process.poll() is None for process in self._processes)

    def stop(self, *, now: bool = False) -> None:
        """Ask every process to stop at the end of its epoch, or kill it now."""
        for process in self._processes:
            process.process.send_signal(signal.SIGKILL if now else signal.SIGTERM)

    def _spawn(self) -> _Process:
        self._started += 1
        name = f"{socket.gethostname()}-{os.getpid()}-{self._started}"
        order = {**self._order, "worker": name, "sampler_seed": self._seed + self._started - 1}
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"worker-{os.getpid()}-{self._started}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "automap.search.process"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=worker_environment(self._workers),
                # Ctrl-C in the terminal reaches the driver only, which asks its workers to stop.
                start_new_session=True,
            )
        _send(process.stdin, order)
        return _Process(name, process, log)


def _send(pipe: IO[bytes] | None, order: Mapping[str, object]) -> None:
    # The pipe stays open: its end tells the worker that the driver is gone.
    if pipe is not None:
        pipe.write(json.dumps(order).encode() + b"\n")
        pipe.flush()


def worker_environment(workers: int) -> dict[str, str]:
    """Return the environment of a worker, with its share of the processors; what the user has set stays."""
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    ours = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONUNBUFFERED": "1"}
    if workers > 1:
        ours |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": threads}
    return {**ours, **os.environ}


def _death(process: _Process) -> Death:
    code = process.process.returncode
    last = _last_words(process.log)
    if code < 0:
        return Death(process.name, f"killed by {signal.Signals(-code).name}", fatal=False)
    return Death(process.name, last or f"ended with exit code {code}", fatal=code == FATAL_EXIT)


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    start = max((index for index, line in enumerate(lines) if line.startswith(LAST_WORDS)), default=len(lines) - 1)
    return "\n".join(lines[start:]).removeprefix(LAST_WORDS)
