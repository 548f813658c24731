"""The memory of a worker does not grow from trial to trial."""

import subprocess
import sys

import pytest
from support.program import REPOSITORY

TRIALS = """
import sys
from pathlib import Path
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate
from support.training import train
from automap.training.measure.memory import resident_bytes
for number in range(int(sys.argv[2])):
    chosen = candidate((NORMED, TINY)[number % 2], augmentation=["random_translation"][: number % 2], epochs=1)
    folder = Path(sys.argv[1]) / str(number)
    assert train(chosen, digits(300), folder, seed=number).state == "complete"
    print(resident_bytes(), flush=True)
"""


@pytest.mark.slow
def test_the_resident_size_does_not_grow_from_trial_to_trial(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TRIALS, str(tmp_path), "20"],
        cwd=REPOSITORY / "tests",
        capture_output=True,
        text=True,
        check=True,
    )
    sizes = [int(line) / 2**20 for line in done.stdout.split()]
    assert len(sizes) == 20
    # Before TensorFlow's gradient functions were forgotten it was 17 MB a trial; now it is some 0.2 MB.
    growth = (sizes[-1] - sizes[5]) / 14
    assert growth < 1.0, f"{growth:.2f} MB a trial: {[round(size) for size in sizes]}"
