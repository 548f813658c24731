"""Dividing this machine among workers: the GPUs and processors of each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal

from automap.data.processors import usable_processors
from automap.exceptions import UserError

WORKER_BYTES = 3 * 2**29
"""Memory of a worker without its data: Keras, TensorFlow and a network of a few million weights, with a margin."""

NVIDIA_SECONDS = 10.0
"""Timeout of ``nvidia-smi``, which hangs if the driver is broken."""

CORES_A_WORKER = 2
"""Processors for one training: more hardly speed up a small network."""


@dataclass(frozen=True)
class Gpu:
    """A GPU that workers may use."""

    name: str
    """In the form that ``CUDA_VISIBLE_DEVICES`` accepts."""
    memory_bytes: int | None
    """None if the driver does not report it."""


@dataclass(frozen=True)
class Share:
    """The part of this machine that one worker may use."""

    cores: tuple[int, ...]
    gpus: tuple[Gpu, ...] = ()
    gpu_fraction: float = 1.0
    """Share of its GPUs' memory, above 0 and at most 1."""


@dataclass(frozen=True)
class Machine:
    """The resources that this process may use."""

    cores: tuple[int, ...]
    gpus: tuple[Gpu, ...]
    memory_bytes: int | None
    """Free memory; None if the system does not report it."""
    gpu_fault: str | None = None
    """Why the GPUs could not be listed; None if they could."""


@dataclass(frozen=True)
class Plan:
    """The shares of all workers, and the reason for their number."""

    shares: tuple[Share, ...]
    why: str


def this_machine() -> Machine:
    """Return the resources that this process may use: its container and ``CUDA_VISIBLE_DEVICES`` may limit them."""
    cores = usable_processors()
    quota = _quota_cores()
    gpus, fault = _visible_gpus()
    return Machine(tuple(cores[: quota or None]), gpus, _free_memory(), fault)


def plan_workers(wanted: int | Literal["auto"], machine: Machine, data_bytes: int, gpus_a_trial: int = 1) -> Plan:
    """Divide a machine among workers.

    Args:
        wanted: number of workers, or ``auto`` to derive it from GPUs, processors and memory.
        machine: the resources to divide.
        data_bytes: memory of the data set in each worker.
        gpus_a_trial: GPUs that one training uses.

    Raises:
        UserError: if one training needs more GPUs than the machine has.
    """
    if machine.gpus and gpus_a_trial > len(machine.gpus):
        raise UserError(f"training.devices is {gpus_a_trial}, but this machine has {len(machine.gpus)} GPUs")
    groups = [machine.gpus[start : start + gpus_a_trial] for start in range(0, len(machine.gpus), gpus_a_trial)]
    groups = [group for group in groups if len(group) == gpus_a_trial]
    count, why = _sensible_count(machine, groups, data_bytes) if wanted == "auto" else (wanted, "as requested")
    return Plan(tuple(_share(index, count, machine, groups) for index in range(count)), why)


def _sensible_count(machine: Machine, groups: Sequence[Sequence[Gpu]], data_bytes: int) -> tuple[int, str]:
    each = WORKER_BYTES + data_bytes
    if groups:
        wanted, why = len(groups), f"one for each of {len(groups)} GPUs"
        if len(groups[0]) > 1:
            why = f"one for every {len(groups[0])} of {len(machine.gpus)} GPUs"
    else:
        wanted = max(1, len(machine.cores) // CORES_A_WORKER)
        why = (
            f"{machine.gpu_fault or 'no GPU found'}; one for every {CORES_A_WORKER} of {len(machine.cores)} processors"
        )
    if machine.memory_bytes is None or machine.memory_bytes // each >= wanted:
        return wanted, why
    why = f"each needs about {each / 2**30:.1f} GiB of {machine.memory_bytes / 2**30:.1f} GiB of free memory"
    return max(1, machine.memory_bytes // each), why


def _share(index: int, count: int, machine: Machine, groups: Sequence[Sequence[Gpu]]) -> Share:
    cores = machine.cores
    if count <= len(cores):
        # Whole processors; the first workers get those that are left over.
        ends = [len(cores) * number // count for number in (index, index + 1)]
        mine = cores[ends[0] : ends[1]]
    else:
        mine = (cores[index % len(cores)],)
    if not groups:
        return Share(mine)
    return Share(mine, tuple(groups[index % len(groups)]), 1.0 / ceil(count / len(groups)))


def _visible_gpus() -> tuple[tuple[Gpu, ...], str | None]:
    """Return the GPUs that this process may use, and why they could not be listed, if so."""
    if (program := shutil.which("nvidia-smi")) is None:
        return (), None
    listed = _answer([program, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"])
    if listed is None:
        return (), f"nvidia-smi did not answer within {NVIDIA_SECONDS:g} s"
    memory: dict[str, int | None] = {}
    for line in listed.splitlines():
        index, uuid, mebibytes = ([part.strip() for part in line.split(",")] + ["", "", ""])[:3]
        if index.isdigit():
            memory[index] = memory[uuid] = int(mebibytes) * 2**20 if mebibytes.isdigit() else None
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [name for name in memory if name.isdigit()] if named is None else _before_invalid(named)
    return tuple(Gpu(name, memory.get(name)) for name in names), None


def _answer(command: list[str]) -> str | None:
    """Return a program's output, empty if it fails; None if it does not end in time."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return ""
    try:
        printed, _ = process.communicate(timeout=NVIDIA_SECONDS)
    except subprocess.TimeoutExpired:
        # Not waited for: a hanging driver leaves the program in a state in which it cannot be killed.
        process.kill()
        return None
    return "" if process.returncode else printed


def _before_invalid(named: str) -> list[str]:
    # CUDA ignores an invalid name, such as -1, and all names after it.
    names: list[str] = []
    for name in (part.strip() for part in named.split(",")):
        if not name or name.startswith("-"):
            break
        names.append(name)
    return names


def _quota_cores() -> int | None:
    """Return the processors that a container's quota allows (cgroup v2); None without a quota."""
    quota, _, period = _first_line(Path("/sys/fs/cgroup/cpu.max")).partition(" ")
    return max(1, ceil(int(quota) / int(period))) if quota.isdigit() and period.isdigit() else None


def _free_memory() -> int | None:
    known = [free for free in (_free_of_machine(), _free_of_container()) if free is not None]
    return min(known, default=None)


def _free_of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _free_of_container() -> int | None:
    limit, used = (_first_line(Path(f"/sys/fs/cgroup/memory.{name}")) for name in ("max", "current"))
    return max(0, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else None


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
