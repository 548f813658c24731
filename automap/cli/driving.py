"""Driving a search from a terminal: the workers of this machine, the live view, and how to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

    from automap.data.prepare import PreparedData
    from automap.search.executor import Executor
    from automap.search.local import LocalExecutor
    from automap.search.study import Study


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


def local_workers(
    console: Console, study: Study, data: PreparedData, wanted: int | Literal["auto"], seed: int
) -> LocalExecutor:
    """Return an executor that shares this machine out among workers, and say how, if there are several.

    Args:
        console: standard error.
        study: the open study.
        data: its data set, for the memory that a worker takes.
        wanted: number of workers, or ``auto``.
        seed: the first worker's sampler seed.
    """
    from automap.search.estimate import largest_setting
    from automap.search.local import LocalExecutor
    from automap.search.resources import plan_workers, this_machine

    devices = largest_setting(study.spec, "devices")
    plan = plan_workers(wanted, this_machine(), min(data.nbytes, 2**31), devices)
    if wanted != 1:
        plural = "worker" if len(plan.shares) == 1 else "workers"
        console.print(f"{len(plan.shares)} {plural}: {plan.why}", highlight=False, soft_wrap=True)
    return LocalExecutor(study.spec, study.spec.run_directory / "logs", plan.shares, seed)


def ray_workers(
    console: Console,
    study: Study,
    wanted: int | Literal["auto"],
    seed: int,
    address: str | None,
    cpus: float,
    gpus: float | None,
) -> Executor:
    """Return an executor on a Ray cluster, and say what its workers take."""
    from automap.search.ray import RayExecutor, plan_cluster

    count, need = plan_cluster(address, None if wanted == "auto" else wanted, cpus, gpus)
    plural = "worker" if count == 1 else "workers"
    each = f"{need.cpus:g} processors and {need.gpus:g} GPUs each"
    console.print(f"{count} {plural} on Ray, {each}", highlight=False, soft_wrap=True)
    return RayExecutor(study.spec, count, need, seed, address)


def drive_shown(console: Console, study: Study, executor: Executor) -> bool:
    """Drive a search with its live view; return whether it ended by itself."""
    from automap.cli.interrupts import count_interrupts
    from automap.cli.progress import SearchView
    from automap.search.driver import drive

    view = SearchView(console, study.spec)
    with count_interrupts() as interrupts, view.shown():

        def interrupted() -> int:
            view.stopping = interrupts.count > 0
            return interrupts.count

        return drive(study, executor, view, interrupted)
