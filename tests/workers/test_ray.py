"""Workers on a Ray cluster that the search starts on this machine."""

import subprocess
from pathlib import Path

import pytest
from support.searching import assert_nothing_is_lost, ended, kill, query, start, wait_for, write_tiny


def actors() -> list[int]:
    found = subprocess.run(["pgrep", "-f", "ray::_Worker"], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


@pytest.mark.slow
def test_a_search_on_ray_survives_the_loss_of_a_worker(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=4, epochs=40, storage=storage)
    search = start("search", spec, "--executor", "ray", "--cpus", 1, "--workers", 2, folder=tmp_path)
    wait_for(lambda: (query(storage, "SELECT max(epoch) FROM automap_runs") or [(0,)])[0][0] or 0)
    kill(actors()[:1])
    code, said = ended(search)
    assert code == 0, said
    assert "2 workers on Ray, 1 processors and 0 GPUs each" in said
    assert query(storage, "SELECT count(*) FROM automap_runs WHERE attempts = 2") == [(1,)]
    [(death,)] = query(storage, "SELECT last_death FROM automap_runs WHERE attempts = 2")
    assert death.startswith("lost by Ray: ")
    assert_nothing_is_lost(spec, storage, 4)
    assert actors() == []


@pytest.mark.slow
def test_more_than_the_cluster_has_is_refused(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path, trials=1)
    code, said = ended(start("search", spec, "--executor", "ray", "--gpus", 0.5, folder=tmp_path))
    assert code == 2
    assert "a worker needs 2 processors and 0.5 GPUs; the cluster has" in said


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path, trials=1)
    code, said = ended(start("search", spec, "--executor", "ray", "--address", "127.0.0.1:1", folder=tmp_path))
    assert code == 2
    assert "--address 127.0.0.1:1: no Ray cluster answers" in said
    assert "Traceback" not in said


def test_an_address_without_ray_is_refused(tmp_path: Path) -> None:
    code, said = ended(start("search", write_tiny(tmp_path, trials=1), "--address", "x:1", folder=tmp_path))
    assert code == 2
    assert "add --executor ray" in said
