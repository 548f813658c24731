"""Workers as local processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from automap.data.cache.reader import cache_directory
from automap.data.prepare import DataIdentity
from automap.spec.spec import Spec
from automap.store.run_files import require_real_folder
from automap.workers.executor import Death
from automap.workers.identity import worker_name
from automap.workers.resources import Share

LAST_WORDS = "automap: "
"""Prefix of the message with which a worker explains why it ended; the message may span several lines."""

FATAL_EXIT = 3
"""Exit code of a worker that met an error which every other worker would meet too."""

COMPILE_CACHE = "JAX_COMPILATION_CACHE_DIR"
"""Environment variable with the folder of JAX's persistent compilation cache."""

USABLE_GPU_MEMORY = 0.9
"""Share of a GPU's memory for networks; drivers and libraries take the rest."""


@dataclass
class _Process:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    share: Share


class LocalExecutor:
    """Starts worker processes that import Keras once and train one trial after another.

    Args:
        spec: what the workers search; sent over standard input, because the database URL may contain a password.
        logs: the folder of the workers' logs.
        data: the data set to train on.
        shares: the part of this machine that each worker may use; one worker is started for each share.
        seed: the first worker's sampler seed.
    """

    def __init__(self, spec: Spec, logs: Path, data: DataIdentity, shares: Sequence[Share], seed: int) -> None:
        self._spec, self._logs, self._data, self._seed = spec.to_data(), logs, data, seed
        self._free = list(shares)
        self._count = len(self._free)
        self._processes: list[_Process] = []
        self._started = 0

    def start(self) -> None:
        """Start processes until there is one for each share."""
        while self._free:
            self._processes.append(self._spawn(self._free.pop(0)))

    def deaths(self) -> list[Death]:
        """Return the workers that died since the last call, without those that exited normally."""
        ended = [process for process in self._processes if process.process.poll() is not None]
        self._processes = [process for process in self._processes if process not in ended]
        self._free += [process.share for process in ended]
        return [_death(process) for process in ended if process.process.returncode != 0]

    def alive(self) -> int:
        """Return the number of running processes."""
        return sum(process.process.poll() is None for process in self._processes)

    def stop(self, *, now: bool = False) -> None:
        """Ask every process to stop at its next evaluation, or kill it now."""
        for process in self._processes:
            process.process.send_signal(signal.SIGKILL if now else signal.SIGTERM)

    def _spawn(self, share: Share) -> _Process:
        self._started += 1
        order = {
            "spec": self._spec,
            "data": self._data._asdict(),
            "sampler_seed": self._seed + self._started - 1,
            # The only worker of a machine is not pinned to processors.
            "cores": share.cores if self._count > 1 else None,
            "gpu_fraction": _gpu_limit(share),
            "gpu_memory_bytes": min((gpu.memory_bytes or 0 for gpu in share.gpus), default=0),
        }
        self._logs.mkdir(parents=True, exist_ok=True)
        require_real_folder(self._logs)
        log = self._logs / f"worker-{os.getpid()}-{self._started}.log"
        # An existing file of this name, which may be a link, is replaced and not written to.
        log.unlink(missing_ok=True)
        with log.open("xb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "automap.workers.process"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=worker_environment(share, self._count),
                # Ctrl-C in the terminal must reach only the driver, which then asks its workers to stop.
                start_new_session=True,
            )
        name = worker_name(process.pid)
        _send(process.stdin, {**order, "worker": name})
        return _Process(name, process, log, share)


def _send(pipe: IO[bytes] | None, order: Mapping[str, object]) -> None:
    # The pipe stays open: when it closes, the worker knows that the driver is gone.
    if pipe is not None:
        pipe.write(json.dumps(order).encode() + b"\n")
        pipe.flush()


def worker_environment(share: Share, workers: int) -> dict[str, str]:
    """Return the environment variables of one of several workers, with its share of GPUs and processors.

    Variables that the user has set are kept, except ``CUDA_VISIBLE_DEVICES`` if the share has GPUs.
    """
    ours = {"PYTHONUNBUFFERED": "1", **backend_environment()}
    if workers > 1:
        threads = str(len(share.cores))
        ours |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": threads}
    if share.gpu_fraction < 1:
        # By default JAX reserves three quarters of a GPU; only this variable changes that.
        ours["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{_gpu_limit(share):.3f}"
    environment = {**ours, **os.environ}
    if share.gpus:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpu.name for gpu in share.gpus)
    return environment


def backend_environment() -> dict[str, str]:
    """Return the environment variables of all workers: the backend's log level and its compilation cache."""
    return {"TF_CPP_MIN_LOG_LEVEL": "2", COMPILE_CACHE: str(cache_directory() / "compiled")}


def _gpu_limit(share: Share) -> float:
    return 1.0 if share.gpu_fraction >= 1 else USABLE_GPU_MEMORY * share.gpu_fraction


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
