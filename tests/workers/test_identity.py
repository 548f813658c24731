"""Dead workers of this host are detected at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.searching import ended, execute, query, start, wait_for, workers_of, write_tiny

from automap.workers.identity import has_died, host, worker_name


def test_a_worker_is_dead_when_its_process_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = worker_name(process.pid)
    assert name == f"{host()}-{os.getpid()}-{process.pid}"
    assert not has_died(name)
    process.kill()
    process.wait()
    assert has_died(name)


@pytest.mark.parametrize("name", ["other.0a1b2c3d-1-999999999", "ray-host-1-2", "", "worker", f"{host()}-1-x"])
def test_workers_on_other_hosts_are_not_considered_dead(name: str) -> None:
    assert not has_died(name)


@pytest.mark.slow
def test_a_search_after_one_that_was_killed_with_its_workers_resumes_at_once(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=2, epochs=60, storage=storage)
    search = start("search", spec, folder=tmp_path)
    wait_for(lambda: (query(storage, "SELECT max(epoch) FROM automap_runs") or [(0,)])[0][0])
    for process in (*workers_of(search), search.pid):
        os.kill(process, 9)
    ended(search)
    # The clock was set back since: without the processes' ids nobody would take the run for an hour.
    execute(storage, "UPDATE automap_runs SET heartbeat_at = heartbeat_at + 3600")
    again = start("search", spec, folder=tmp_path)
    code, said = ended(again)
    assert code == 0, said
    assert query(storage, "SELECT max(attempts), max(last_death) FROM automap_runs") == [(2, "its process is gone")]
