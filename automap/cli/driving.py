"""Driving a search from a terminal: the workers of this machine, the live view, and how to stop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from automap.data.prepare import PreparedData
    from automap.search.study import Study
    from automap.spec.display import SafeConsole
    from automap.workers.executor import Executor


def parse_workers(text: str) -> int | Literal["auto"]:
    """Read the value of ``--workers``.

    Raises:
        UserError: if it is neither a positive number nor ``auto``.
    """
    from automap.exceptions import UserError

    if text == "auto":
        return "auto"
    if not text.isdigit() or int(text) == 0:
        raise UserError(f"--workers: expected a number from 1 or 'auto'; received '{text}'")
    return int(text)


@dataclass(frozen=True)
class Workers:
    """What the options of a command say about workers.

    Raises:
        UserError: if options for Ray stand beside workers of this machine.
    """

    number: int | Literal["auto"]
    executor: Literal["local", "ray"] = "local"
    address: str | None = None
    """Of the Ray cluster; None starts one here."""
    cpus: float = 2.0
    """Processors of each worker on Ray."""
    gpus: float | None = None
    """GPUs of each worker on Ray; None for one if there are any."""

    def __post_init__(self) -> None:
        from automap.exceptions import UserError

        if self.executor == "local" and (self.address is not None or self.gpus is not None):
            raise UserError("--address and --gpus are for workers on a Ray cluster: add --executor ray")


def make_executor(study: Study, data: PreparedData, asked: Workers, seed: int) -> Executor:
    """Return an executor for the workers that were asked for, and say what each of them takes.

    Args:
        study: the open study.
        data: its data set, for the memory that a worker takes.
        asked: what the user wants.
        seed: the first worker's sampler seed.
    """
    if asked.executor == "local":
        return _on_this_machine(study, data, asked.number, seed)
    return _on_ray(study, asked, seed)


def _on_this_machine(study: Study, data: PreparedData, wanted: int | Literal["auto"], seed: int) -> Executor:
    from automap.cli.console import say
    from automap.workers.disk_and_memory import largest_setting
    from automap.workers.local import LocalExecutor
    from automap.workers.resources import plan_workers, this_machine

    devices = largest_setting(study.spec, "devices")
    plan = plan_workers(wanted, this_machine(), min(data.nbytes, 2**31), devices)
    if wanted != 1:
        say(f"{_count(len(plan.shares))}: {plan.why}")
    return LocalExecutor(study.spec, study.spec.run_directory / "logs", plan.shares, seed)


def _on_ray(study: Study, asked: Workers, seed: int) -> Executor:
    from automap.cli.console import say
    from automap.workers.ray import RayExecutor, plan_cluster

    number = None if asked.number == "auto" else asked.number
    count, need = plan_cluster(asked.address, number, asked.cpus, asked.gpus)
    each = f"{need.cpus:g} processors and {need.gpus:g} GPUs each"
    say(f"{_count(count)} on Ray, {each}")
    return RayExecutor(study.spec, count, need, seed, asked.address)


def _count(workers: int) -> str:
    return f"{workers} worker" if workers == 1 else f"{workers} workers"


def drive_shown(console: SafeConsole, study: Study, executor: Executor) -> bool:
    """Drive a search with its live view; return whether it ended by itself."""
    from automap.cli.interrupts import count_interrupts
    from automap.cli.progress import SearchView
    from automap.workers.driver import drive

    view = SearchView(console, study.spec)
    with count_interrupts() as interrupts, view.shown():

        def interrupted() -> int:
            view.stopping = interrupts.count > 0
            return interrupts.count

        return drive(study, executor, view, interrupted)
