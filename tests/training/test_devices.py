"""One trial on several devices."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.arrays import digits
from support.candidates import candidate
from support.training import train


@pytest.mark.slow
def test_two_devices_match_one_and_impossible_settings_fail(tmp_path):
    command = [sys.executable, "-m", "support.on_two_devices", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two, uneven, many = json.loads(done.stdout.splitlines()[-1])
    assert (one["state"], two["state"]) == ("complete", "complete"), two
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert uneven["reason"] == "a batch of 33 images cannot be divided evenly among 2 devices"
    assert many["reason"].startswith("training.devices is 3, but jax has 2: cpu:0, cpu:1")


def test_a_backend_without_data_parallelism_is_an_error(tmp_path):
    result = train(candidate(devices=2), digits(100), tmp_path)
    assert result.state == "failed"
    assert "Keras on tensorflow cannot divide batches among devices" in result.reason
