"""Every task on a backend that is not TensorFlow."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from automap.interfaces.task import Task
from automap.spec.plugins import find_plugins


@pytest.mark.slow
def test_each_task_trains_and_is_measured_on_jax(tmp_path):
    command = [sys.executable, "-m", "support.heads_on_jax", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name.split()[0] for name in found} == set(find_plugins(Task.group))
    for name, result in found.items():
        assert result["state"] == "complete", (name, result["reason"])
        assert all(map(math.isfinite, result["metrics"].values())), (name, result["metrics"])
