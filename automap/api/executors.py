"""The workers of a search: their number and where they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automap.data.prepare import PreparedData
from automap.exceptions import UserError
from automap.search.study import Study
from automap.spec.space import dump_space, largest_number
from automap.workers.executor import Executor
from automap.workers.local import LocalExecutor
from automap.workers.resources import plan_workers, this_machine


@dataclass(frozen=True)
class Workers:
    """The number of workers that train at once, and where they run.

    Raises:
        UserError: if the number is not positive, or options for Ray are given for local workers.
    """

    number: int | Literal["auto"] = 1
    """``auto``: as many as this machine or the Ray cluster can run."""
    executor: Literal["local", "ray"] = "local"
    address: str | None = None
    """Address of the Ray cluster; None starts one on this machine."""
    cpus: float = 2.0
    """Processors of each worker on Ray."""
    gpus: float | None = None
    """GPUs of each worker on Ray; None for one, if there are any."""

    def __post_init__(self) -> None:
        if self.number != "auto" and (isinstance(self.number, bool) or int(self.number) < 1):
            raise UserError(f"workers: expected a number from 1, or 'auto'; received {self.number!r}")
        if self.executor == "local" and (self.address is not None or self.gpus is not None):
            raise UserError("--address and --gpus are for workers on a Ray cluster: add --executor ray")

    @classmethod
    def parse(cls, text: str) -> Workers:
        """Read the value of ``--workers``.

        Raises:
            UserError: if it is neither a positive number nor ``auto``.
        """
        if text == "auto":
            return cls("auto")
        # Python does not parse numbers of more than 4,300 digits, and no machine can run a million workers.
        if not (text.isascii() and text.isdigit()) or not 0 < len(text.lstrip("0")) < 7:
            raise UserError(f"--workers: expected a number from 1, or 'auto'; received '{text}'")
        return cls(int(text))


def make_executor(study: Study, data: PreparedData, workers: Workers, seed: int) -> tuple[Executor, str]:
    """Return an executor for the requested workers, and one line that describes them.

    Args:
        study: the open study.
        data: its data set; determines the memory of a worker.
        workers: the requested workers.
        seed: the first worker's sampler seed.
    """
    if workers.executor == "ray":
        return _on_ray(study, data, workers, seed)
    devices = int(largest_number(dump_space(study.spec.training.fields["devices"])))
    plan = plan_workers(workers.number, this_machine(), min(data.nbytes, 2**31), devices)
    executor = LocalExecutor(study.spec, study.spec.run_directory / "logs", data.identity, plan.shares, seed)
    return executor, f"{_count(len(plan.shares))}: {plan.why}"


def _on_ray(study: Study, data: PreparedData, workers: Workers, seed: int) -> tuple[Executor, str]:
    from automap.workers.ray import RayExecutor, plan_cluster

    number = None if workers.number == "auto" else workers.number
    count, need = plan_cluster(workers.address, number, workers.cpus, workers.gpus)
    executor = RayExecutor(study.spec, data.identity, count, need, seed, workers.address)
    return executor, f"{_count(count)} on Ray, {need.cpus:g} processors and {need.gpus:g} GPUs each"


def _count(workers: int) -> str:
    return f"{workers} worker" if workers == 1 else f"{workers} workers"
