"""Dividing a machine among workers."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automap.exceptions import UserError
from automap.workers.local import worker_environment
from automap.workers.resources import Gpu, Machine, Share, plan_workers, this_machine

GIB = 2**30
GPUS = tuple(Gpu(str(index), 80 * GIB) for index in range(4))


def machine(cores: int = 16, gpus: tuple[Gpu, ...] = (), memory: int | None = 256 * GIB) -> Machine:
    return Machine(tuple(range(cores)), gpus, memory)


def test_auto_takes_one_worker_for_each_gpu() -> None:
    plan = plan_workers("auto", machine(gpus=GPUS), 0)
    assert [share.gpus for share in plan.shares] == [(gpu,) for gpu in GPUS]
    assert {share.gpu_fraction for share in plan.shares} == {1.0}
    assert plan.why == "one for each of 4 GPUs"


def test_auto_without_a_gpu_takes_one_for_every_two_processors() -> None:
    plan = plan_workers("auto", machine(cores=7), 0)
    assert len(plan.shares) == 3
    assert plan.why == "no GPU found; one for every 2 of 7 processors"
    assert len(plan_workers("auto", machine(cores=1), 0).shares) == 1


def test_auto_workers_fit_into_memory() -> None:
    plan = plan_workers("auto", machine(memory=8 * GIB), 2 * GIB)
    assert len(plan.shares) == 2
    assert plan.why == "each needs about 3.5 GiB of 8.0 GiB of free memory"
    assert len(plan_workers("auto", machine(memory=GIB), 0).shares) == 1


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 16])
def test_processors_are_shared_out_without_overlap(workers: int) -> None:
    shares = plan_workers(workers, machine(), 0).shares
    assert sorted(core for share in shares for core in share.cores) == list(range(16))
    sizes = {len(share.cores) for share in shares}
    assert max(sizes) - min(sizes) <= 1


def test_more_workers_than_processors_share_them_in_turn() -> None:
    assert [share.cores for share in plan_workers(5, machine(cores=2), 0).shares] == [(0,), (1,), (0,), (1,), (0,)]


def test_more_workers_than_gpus_share_their_memory() -> None:
    shares = plan_workers(6, machine(gpus=GPUS), 0).shares
    assert [share.gpus[0].name for share in shares] == ["0", "1", "2", "3", "0", "1"]
    assert {share.gpu_fraction for share in shares} == {0.5}
    environment = worker_environment(shares[5], 6)
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.450"


def test_trainings_on_several_gpus_get_them_together() -> None:
    plan = plan_workers("auto", machine(gpus=GPUS), 0, gpus_a_trial=2)
    assert [[gpu.name for gpu in share.gpus] for share in plan.shares] == [["0", "1"], ["2", "3"]]
    with pytest.raises(UserError, match=r"training.devices is 5, but this machine has 4 GPUs"):
        plan_workers("auto", machine(gpus=GPUS), 0, gpus_a_trial=5)


def test_several_workers_divide_the_processors() -> None:
    environment = worker_environment(Share((3, 4, 5)), 2)
    assert environment["TF_NUM_INTRAOP_THREADS"] == environment["OMP_NUM_THREADS"] == "3"


def test_this_machine_has_a_processor_and_memory() -> None:
    here = this_machine()
    assert here.cores
    assert here.memory_bytes is None or here.memory_bytes > 0


@pytest.mark.parametrize(("named", "expected"), [("", []), ("-1", []), ("0,2", ["0", "2"]), ("1,-1,0", ["1"])])
def test_only_visible_gpus_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path, named: str, expected: list[str]) -> None:
    told = "\\n".join(f"{index}, GPU-{index}, 81559" for index in range(3))
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{told}\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    found = this_machine().gpus
    assert [gpu.name for gpu in found] == expected
    assert all(gpu.memory_bytes == 81559 * 2**20 for gpu in found)


def program(folder: Path, script: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_an_nvidia_smi_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "exec sleep 60")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("automap.workers.resources.NVIDIA_SECONDS", 0.5)
    started = time.monotonic()
    here = this_machine()
    assert time.monotonic() - started < 5
    assert here.gpus == ()
    assert plan_workers("auto", here, 0).why.startswith("nvidia-smi did not answer within 0.5 s; one for every 2 of")


@pytest.mark.parametrize("said", ["echo No devices were found", "echo '0, GPU-0, [N/A], more'; exit 9", "echo 'a,b'"])
def test_nvidia_smi_without_gpus_means_no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    program(tmp_path, said)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert this_machine().gpus == ()


AS_ON_MACOS = """
import os
del os.sched_getaffinity, os.sched_setaffinity
from automap.data.processors import restrict_processors
from automap.workers.resources import this_machine
restrict_processors([0])
print(len(this_machine().cores))
"""


def test_a_system_without_processor_affinity_has_all_of_its_processors() -> None:
    done = subprocess.run([sys.executable, "-c", AS_ON_MACOS], capture_output=True, text=True, check=True)
    assert 1 <= int(done.stdout) <= (os.cpu_count() or 1)
