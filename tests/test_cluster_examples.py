"""The examples for SLURM and Kubernetes, as far as they can be tested without a cluster."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.program import REPOSITORY, call_automap
from support.searching import query, wait_for, write_tiny

CLUSTER = REPOSITORY / "examples" / "cluster"


def assert_understood(words: list[str]) -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", call_automap(words[0], "--help").stdout)
    assert all(word in shown for word in words if word.startswith("--")), words


def test_the_kubernetes_jobs_start_a_search_and_workers() -> None:
    jobs = list(yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text()))
    commands = [container["command"] for job in jobs for container in job["spec"]["template"]["spec"]["containers"]]
    assert [command[:2] for command in commands] == [["automap", "search"], ["automap", "worker"]]
    for command in commands:
        assert_understood(command[1:])


@pytest.mark.slow
def test_the_slurm_script_passes_the_signal_on_and_waits_for_the_worker(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=2, epochs=300, storage=storage)
    environment = {
        **os.environ,
        "SLURM_ARRAY_TASK_ID": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            ["bash", CLUSTER / "slurm.sh", spec], cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    wait_for(lambda: (query(storage, "SELECT max(epoch) FROM automap_runs") or [(0,)])[0][0] or 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130, (tmp_path / "log").read_text()
    assert query(storage, "SELECT DISTINCT state, attempts FROM automap_runs") == [("waiting", 0)]
    assert "resume with: automap search" in (tmp_path / "log").read_text()
