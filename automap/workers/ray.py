"""Workers on a Ray cluster: the same workers as on this machine, each as a Ray actor."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automap.data.prepare import DataIdentity
from automap.exceptions import AutomapError, UserError
from automap.spec.spec import Spec
from automap.workers.executor import Death
from automap.workers.local import USABLE_GPU_MEMORY, backend_environment
from automap.workers.process import work_as_ordered

_OF_RAY = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}

CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Need:
    """The resources that Ray reserves for one worker."""

    cpus: float
    gpus: float
    """A fraction if several workers share a GPU."""


class RayExecutor:
    """Runs workers as Ray actors on an existing cluster, or on one that it starts on this machine.

    If a node is lost, its workers are restarted on other nodes, and their runs resume from the last checkpoint if
    the run directory is shared.

    Args:
        spec: what the workers search; its paths must be valid on every node.
        data: the data set to train on.
        workers: number of workers.
        need: the resources of each worker.
        seed: the first worker's sampler seed.
        address: address of the cluster; None starts one on this machine.

    Raises:
        UserError: if Ray is not installed, or no cluster answers at the address.
    """

    def __init__(
        self, spec: Spec, data: DataIdentity, workers: int, need: Need, seed: int, address: str | None
    ) -> None:
        self._ray = connect(address)
        self._spec, self._count, self._need, self._seed = spec.to_data(), workers, need, seed
        self._data = data
        self._workers: dict[str, tuple[Any, Any]] = {}
        self._started = 0

    def start(self) -> None:
        """Start the missing actors; Ray places them as resources become free."""
        while len(self._workers) < self._count:
            self._started += 1
            name = f"ray-{socket.gethostname()}-{os.getpid()}-{self._started}"
            order: dict[str, Any] = {
                "spec": self._spec,
                "data": self._data._asdict(),
                "worker": name,
                "sampler_seed": self._seed + self._started - 1,
                "cores": None,
                "gpu_fraction": 1.0 if self._need.gpus in (0, 1) else USABLE_GPU_MEMORY * self._need.gpus,
                "gpu_memory_bytes": 0,
            }
            # Two concurrent calls, so that `stop` reaches an actor that is working.
            options = {"num_cpus": self._need.cpus, "num_gpus": self._need.gpus, "max_concurrency": 2}
            environment = {"env_vars": _environment(self._need, order["gpu_fraction"])}
            actor = self._ray.remote(_Worker).options(**options, runtime_env=environment).remote()
            self._workers[name] = actor, actor.work.remote(order)

    def deaths(self) -> list[Death]:
        """Return the actors that died since the last call, without those that ended normally."""
        found = []
        for name, (actor, work) in list(self._workers.items()):
            if not self._ray.wait([work], timeout=0)[0]:
                continue
            del self._workers[name]
            if (death := self._death(name, work)) is not None:
                found.append(death)
            self._ray.kill(actor)
        return found

    def alive(self) -> int:
        """Return the number of actors that work or wait for resources."""
        return len(self._workers)

    def stop(self, *, now: bool = False) -> None:
        """Ask every actor to stop at its next evaluation, or kill it now."""
        for actor, _ in self._workers.values():
            if now:
                self._ray.kill(actor)
            else:
                actor.stop.remote()

    def _death(self, name: str, work: Any) -> Death | None:
        try:
            fault = self._ray.get(work)
        except self._ray.exceptions.RayError as error:
            return Death(name, f"lost by Ray: {str(error).splitlines()[0]}", fatal=False)
        return None if fault is None else Death(name, fault["reason"], fault["fatal"])


class _Worker:
    """One worker on a node of the cluster."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def work(self, order: Mapping[str, Any]) -> dict[str, Any] | None:
        """Work until nothing is left to do; return the error that ended the work, if any."""
        try:
            work_as_ordered(order, self._stop)
        except AutomapError as error:
            return {"reason": str(error), "fatal": True}
        return None

    def stop(self) -> None:
        """Ask the worker to stop at its next evaluation."""
        self._stop.set()


def connect(address: str | None) -> Any:
    """Connect to a cluster, or start one on this machine, and return the module ``ray``.

    Raises:
        UserError: if Ray is not installed, or no cluster answers.
    """
    try:
        import ray
    except ImportError:
        raise UserError("--executor ray needs Ray: pip install 'automap[ray]'") from None
    if ray.is_initialized():
        return ray
    try:
        _knock(address)
        ray.init(address=address or "local", logging_level="ERROR", log_to_driver=False, include_dashboard=False)
    except (OSError, ValueError, RuntimeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"--address {address or 'local'}: no Ray cluster answers ({first}); start one with: ray start --head"
        ) from error
    return ray


def _knock(address: str | None) -> None:
    # Ray itself would wait minutes for a cluster that does not answer.
    host, separator, port = (address or "").rpartition("://")[2].rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


def plan_cluster(address: str | None, workers: int | None, cpus: float, gpus: float | None) -> tuple[int, Need]:
    """Decide how many workers a cluster can run.

    Args:
        address: address of the cluster; None for one on this machine.
        workers: number of workers; None for as many as the cluster can run.
        cpus: processors for each worker.
        gpus: GPUs for each worker, for instance 0.5 for two workers on one GPU; None for one GPU if the cluster has
            any.

    Returns:
        The number of workers, and the resources of each.

    Raises:
        UserError: if no cluster answers, or it has too few resources for a single worker.
    """
    total = connect(address).cluster_resources()
    need = Need(cpus, (1.0 if total.get("GPU", 0) else 0.0) if gpus is None else gpus)
    room = int(total.get("CPU", 0) // need.cpus)
    if need.gpus:
        room = min(room, int(total.get("GPU", 0) // need.gpus))
    if room == 0:
        has = f"{total.get('CPU', 0):g} processors and {total.get('GPU', 0):g} GPUs"
        raise UserError(f"a worker needs {need.cpus:g} processors and {need.gpus:g} GPUs; the cluster has {has}")
    return workers or room, need


def _environment(need: Need, gpu_fraction: float) -> dict[str, str]:
    threads = str(max(1, int(need.cpus)))
    limits = {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": threads}
    if gpu_fraction < 1:
        # JAX reads its limit from this variable only.
        limits["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{gpu_fraction:.3f}"
    return {**_OF_RAY, **backend_environment(), **limits}
