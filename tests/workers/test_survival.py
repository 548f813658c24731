"""What a search survives: killed workers, restarting servers, full disks, frozen processes."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from support.postgres import PostgresServer, postgres_server
from support.program import run_automap
from support.searching import (
    assert_nothing_is_lost,
    ended,
    execute,
    query,
    start,
    wait_for,
    wait_for_results,
    write_tiny,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/automap.db"


def epochs_of(storage: str, kind: str = "running") -> int:
    rows = query(storage, f"SELECT max(epoch) FROM automap_runs WHERE state = '{kind}'")
    return (rows[0][0] or 0) if rows else 0


def test_a_search_survives_a_database_restart(tmp_path: Path, postgres: PostgresServer) -> None:
    storage = postgres.create_database("restarting")
    spec = write_tiny(tmp_path, trials=24, storage=storage)
    search = start("search", spec, "--workers", 2, folder=tmp_path)
    for moment, mode in ((3, "fast"), (12, "immediate")):
        wait_for_results(storage, moment)
        postgres.control("stop", "-m", mode)
        time.sleep(3)
        postgres.control("start")
    code, said = ended(search)
    assert code == 0, said
    assert "waiting for the database: " in said
    assert query(storage, "SELECT max(attempts) FROM automap_runs") == [(1,)]
    assert_nothing_is_lost(spec, storage, 24)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; a file system without room is tested in tests/cli too")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_disk_that_fills_ends_the_search_with_its_reason_and_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    storage = sqlite(tmp_path)
    spec = write_tiny(tmp_path, trials=12, storage=storage)
    spec.write_text(f"{spec.read_text()}runs: {small_disk}\n")
    search = start("search", spec, "--workers", 2, folder=tmp_path)
    wait_for_results(storage, 3)
    filler = small_disk / "filler"
    _fill(filler)
    code, said = ended(search)
    assert code == 2, said
    assert "free some space, then run the same command again" in said
    assert "Traceback" not in said
    assert query(storage, "SELECT count(*) FROM automap_results WHERE state = 'failed'") == [(0,)]
    filler.unlink()
    code, said = ended(start("search", spec, "--workers", 2, folder=tmp_path))
    assert code == 0, said
    shutil.copytree(small_disk, tmp_path / "automap.runs", dirs_exist_ok=True)
    assert_nothing_is_lost(spec, storage, 12)


def test_two_searches_of_one_study_started_at_once_share_it(tmp_path: Path) -> None:
    storage = sqlite(tmp_path)
    spec = write_tiny(tmp_path, trials=12, storage=storage)
    searches = [start("search", spec, folder=tmp_path) for _ in range(2)]
    for code, said in map(ended, searches):
        assert code == 0, said
    assert len(query(storage, "SELECT DISTINCT worker FROM automap_runs")) == 2
    assert query(storage, "SELECT count(*) FROM automap_studies") == [(1,)]
    assert_nothing_is_lost(spec, storage, 12)


def test_a_worker_frozen_past_its_lease_gives_up_its_run(tmp_path: Path) -> None:
    storage = sqlite(tmp_path)
    spec = write_tiny(tmp_path, trials=4, epochs=60, storage=storage)
    search = start("search", spec, "--workers", 2, folder=tmp_path)
    frozen, run = wait_for(lambda: _freeze_a_training_worker(storage))
    # A minute passes, which is more than a run may be without a heartbeat.
    execute(storage, f"UPDATE automap_runs SET heartbeat_at = heartbeat_at - 61 WHERE id = {run}")
    taken = f"SELECT attempts FROM automap_runs WHERE id = {run}"
    wait_for(lambda: query(storage, taken) == [(2,)])
    os.kill(frozen, signal.SIGCONT)
    code, said = ended(search)
    assert code == 0, said
    deaths = query(storage, "SELECT id, last_death FROM automap_runs WHERE last_death IS NOT NULL")
    assert [each for each, _ in deaths] == [run]
    assert "sent no heartbeat for 60 s" in deaths[0][1]
    assert_nothing_is_lost(spec, storage, 4)


def _freeze_a_training_worker(storage: str) -> tuple[int, int] | None:
    """Stop a worker in the middle of a run; return its process and the run's id."""
    training = "SELECT worker, id FROM automap_runs WHERE state = 'running' AND epoch BETWEEN 5 AND 40"
    for worker, run in query(storage, training):
        process = int(worker.rpartition("-")[2])
        os.kill(process, signal.SIGSTOP)
        if query(storage, f"SELECT worker FROM automap_runs WHERE id = {run} AND state = 'running'") == [(worker,)]:
            return process, run
        os.kill(process, signal.SIGCONT)
    return None


def test_a_worker_joins_from_another_folder_and_stops_on_sigterm(tmp_path: Path, postgres: PostgresServer) -> None:
    storage = postgres.create_database("joined")
    here, there = tmp_path / "here", tmp_path / "there"
    shared = tmp_path / "shared"
    specs = []
    for folder in (here, there):
        folder.mkdir()
        spec = write_tiny(folder, trials=4, epochs=60, storage=storage)
        spec.write_text(f"{spec.read_text()}runs: {shared}\n")
        specs.append(spec)
    joined = start("worker", specs[1], "--wait", "2m", folder=there)
    wait_for(lambda: "waiting: " in joined.log.read_text())
    search = start("search", specs[0], folder=here)
    wait_for(lambda: len(query(storage, "SELECT 1 FROM automap_runs WHERE state = 'running' AND epoch > 2")) == 2)
    joined.send_signal(signal.SIGTERM)
    code, said = ended(joined, seconds=60)
    assert code == 130, said
    assert "other workers, or the same command, resume its trials" in said
    code, said = ended(search)
    assert code == 0, said
    # To leave is no death: the run that went on elsewhere is at its first attempt still.
    assert query(storage, "SELECT max(attempts), count(last_death) FROM automap_runs") == [(1, 0)]
    shutil.copytree(shared, here / "automap.runs")
    assert_nothing_is_lost(specs[0], storage, 4)


def test_a_worker_with_other_data_or_another_space_is_refused(tmp_path: Path) -> None:
    storage = sqlite(tmp_path)
    code, said = ended(start("search", write_tiny(tmp_path, trials=1, storage=storage), folder=tmp_path))
    assert code == 0, said
    there = tmp_path / "there"
    there.mkdir()
    spec = write_tiny(there, trials=2, storage=storage)
    # The same images under another name are the same data.
    spec.write_text(spec.read_text().replace("tiny.npz", "other.npz"))
    (there / "tiny.npz").rename(there / "other.npz")
    code, said = ended(start("worker", spec, folder=there))
    assert code == 0, said
    with np.load(there / "other.npz") as arrays:
        images, labels = arrays["x"], arrays["y"]
    images[5, 2, 2] ^= 1
    for changed in ({"x": images, "y": labels}, {"x": images[:-1], "y": labels[:-1]}):
        np.savez(there / "other.npz", **changed)
        code, said = ended(start("worker", spec, folder=there))
        assert code == 2, said
        assert "data" in said
        assert "internal" not in said
    write_tiny(there, trials=2, storage=storage)
    spec.write_text(spec.read_text().replace("epochs: 2", "epochs: 3"))
    code, said = ended(start("worker", spec, folder=there))
    assert code == 2
    assert "training.epochs: 2 → 3" in said


def test_damaged_records_end_the_search_and_fail_no_trial(tmp_path: Path) -> None:
    storage = sqlite(tmp_path)
    spec = write_tiny(tmp_path, trials=2, storage=storage)
    environment = {"AUTOMAP_CACHE": str(tmp_path / "cache")}
    assert run_automap("check", spec, "--no-build", cwd=tmp_path, **environment).returncode == 0
    [shard] = (tmp_path / "cache").glob("*/images-00000.npy")
    content = shard.read_bytes()
    shard.write_bytes(content[:-5000] + bytes(5000))
    searched = run_automap("search", spec, cwd=tmp_path, **environment)
    assert searched.returncode == 2
    assert "images-00000.npy is damaged" in searched.stderr
    assert "automap check SPEC --rebuild" in searched.stderr
    assert query(storage, "SELECT count(*) FROM automap_results") in ([], [(0,)])
    assert run_automap("check", spec, "--no-build", "--rebuild", cwd=tmp_path, **environment).returncode == 0
    searched = run_automap("search", spec, cwd=tmp_path, **environment)
    assert searched.returncode == 0, searched.stderr
    assert query(storage, "SELECT count(*), max(attempts) FROM automap_runs") == [(2, 1)]


def test_a_worker_without_a_study_is_an_error(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path, trials=1)
    code, said = ended(start("worker", spec, folder=tmp_path))
    assert code == 2
    assert "does not exist; start a study with: automap search SPEC" in said
    assert not (tmp_path / "automap.db").exists()
