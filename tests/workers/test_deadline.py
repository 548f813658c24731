"""A search with a time budget ends in time, with the best model so far."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.program import run_automap
from support.searching import ended, kill, query, start, wait_for, workers_of, write_tiny

pytestmark = pytest.mark.slow


def test_a_trial_that_is_too_long_for_the_budget_finishes_early(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=1, epochs=100_000, storage=storage)
    text = spec.read_text().replace("budget: {trials: 1}", "budget: {time: 45s}")
    spec.write_text(text.replace("finalists: {top: 0}", "finalists: {top: 1, seeds: 1}"))
    started = time.monotonic()
    code, said = ended(start("search", spec, folder=tmp_path))
    assert code == 0, said
    # The budget counts from the start of the command; the rest is for machines that are busy with something else.
    assert time.monotonic() - started < 45 + 15
    assert query(storage, "SELECT max(seconds_used) < 48 FROM automap_studies") == [(1,)]
    found = query(storage, "SELECT state, notes FROM automap_results WHERE kind = 'search' ORDER BY trial")
    assert {state for state, _ in found} == {"complete"}
    assert "finished early after" in found[0][1]
    # Training it again would take as long: its own weights are the winner.
    assert (tmp_path / "automap.runs" / "tiny" / "winner" / "model.keras").exists()
    assert_more_time_continues_it(tmp_path, storage)


def assert_more_time_continues_it(folder: Path, storage: str) -> None:
    found = "SELECT cost, notes FROM automap_results WHERE kind = 'search' AND trial = {}"
    code, said = ended(start("search", folder / "tiny.yaml", "--time", "+40s", folder=folder))
    assert code == 0, said
    continued = re.search(r"Trial (\d+) continues trial 0, which finished early for lack of time\.", said)
    assert continued, said
    [(before, _)], [(after, notes)] = query(storage, found.format(0)), query(storage, found.format(continued[1]))
    assert json.loads(after)["epochs"] > json.loads(before)["epochs"]
    assert "continues trial 0" in notes
    code, said = ended(start("doctor", "tiny", folder=folder))
    assert code == 0, said


def test_the_best_model_so_far_predicts_while_the_search_runs_and_after_it_was_killed(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=3, epochs=400, storage=storage)
    search = start("search", spec, "--workers", 1, folder=tmp_path)
    winner = tmp_path / "automap.runs" / "tiny" / "winner"
    wait_for(lambda: (winner / "model.keras").is_file())
    assert search.poll() is None, "the search ended before its first model was looked at"
    kill([search.pid, *workers_of(search)])
    image = tmp_path / "digit.png"
    Image.fromarray(np.full((8, 8), 128, np.uint8)).save(image)
    done = run_automap("predict", winner, image, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "probability" in done.stdout
