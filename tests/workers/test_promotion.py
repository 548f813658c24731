"""Searches that pause and resume trials: nothing is lost, finalists finish, and a raised budget continues."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.searching import ended, kill, query, start, wait_for, workers_of, write_tiny

from automap.search.checkpoints import DROPPED, bound_checkpoints
from automap.search.study import Study, join
from automap.spec.load import load_spec
from automap.store import run_files
from automap.store.files import run_folder_name
from automap.store.leases import paused_trials
from automap.store.measurements import list_measurements

PROMOTION = "search: {scheduler: {type: promotion, reduction: 2}}"


def write_promoted(folder: Path, *, trials: int, top: int, epochs: int = 8) -> tuple[Path, str]:
    spec = write_tiny(folder, trials=trials, epochs=epochs)
    text = spec.read_text().replace("search: {scheduler: none, sampler: random}", PROMOTION)
    text = text.replace("batch_size: 32", "batch_size: 32, evaluate: epochs").replace("top: 0", f"top: {top}, seeds: 1")
    spec.write_text(text)
    return spec, f"sqlite:///{folder / 'automap.db'}"


def open_study_of(spec: Path) -> Study:
    return join(load_spec(spec), 0)


def states(storage: str) -> dict[str, int]:
    found = query(storage, "SELECT state, count(*) FROM automap_runs WHERE kind = 'search' GROUP BY state")
    return {str(state): int(number) for state, number in found}


def assert_sound(spec: Path) -> None:
    code, said = ended(start("doctor", spec.stem, folder=spec.parent))
    assert code == 0, said


@pytest.mark.slow
def test_trials_pause_until_the_finalists_are_complete_and_a_raised_budget_continues(tmp_path):
    spec, storage = write_promoted(tmp_path, trials=6, top=2)
    code, said = ended(start("search", spec, folder=tmp_path))
    assert code == 0, said
    assert states(storage) == {"done": 2, "paused": 4}
    longest = query(storage, "SELECT trial, max(images) FROM automap_measurements GROUP BY trial")
    assert len({images for _, images in longest}) > 1
    code, said = ended(start("search", spec, "--trials", "+3", folder=tmp_path))
    assert code == 0, said
    assert sum(states(storage).values()) == 9
    assert states(storage)["done"] >= 2
    assert_sound(spec)
    assert_the_weakest_lose_their_checkpoints(spec)


def assert_the_weakest_lose_their_checkpoints(spec: Path) -> None:
    study = open_study_of(spec)
    paused = paused_trials(study.store)
    folders = {trial: study.spec.run_directory / run_folder_name("search", trial, trial) for trial in paused}
    sizes = {trial: sum(path.stat().st_size for path in folder.glob("*")) for trial, folder in folders.items()}
    assert bound_checkpoints(study) == []
    dropped = bound_checkpoints(study, sum(sizes.values()) - 1)
    assert len(dropped) == 1
    assert not run_files.has_weights(folders[dropped[0]])
    assert sum(run_files.has_weights(folder) for folder in folders.values()) == len(paused) - 1
    [row] = [row for row in list_measurements(study.store) if row.decision == DROPPED]
    assert row.trial == dropped[0]


@pytest.mark.slow
def test_one_trial_is_enough(tmp_path):
    spec, storage = write_promoted(tmp_path, trials=1, top=3)
    code, said = ended(start("search", spec, folder=tmp_path))
    assert code == 0, said
    assert states(storage) == {"done": 1}
    assert query(storage, "SELECT count(*) FROM automap_runs WHERE kind = 'final' AND state = 'done'") == [(1,)]


@pytest.mark.slow
def test_killed_workers_lose_no_trial(tmp_path):
    spec, storage = write_promoted(tmp_path, trials=8, top=2)
    search = start("search", spec, "--workers", "2", folder=tmp_path)
    wait_for(lambda: states(storage).get("paused", 0) >= 2)
    kill(workers_of(search)[:1])
    code, said = ended(search)
    assert code == 0, said
    assert sum(states(storage).values()) == 8
    assert states(storage)["done"] >= 2
    assert set(states(storage)) == {"done", "paused"}
    assert_sound(spec)
