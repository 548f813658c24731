"""Databases that are unreachable when workers start, or deleted."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import PostgresServer, postgres_server
from support.searching import assert_nothing_is_lost, ended, query, start, wait_for, wait_for_results, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


def test_workers_survive_a_database_outage_at_start(tmp_path: Path, postgres: PostgresServer) -> None:
    storage = postgres.create_database("starting")
    spec = write_tiny(tmp_path, trials=3, storage=storage)
    search = start("search", spec, "--workers", 2, folder=tmp_path)
    wait_for(lambda: query(storage, "SELECT * FROM automap_studies"))
    postgres.control("stop", "-m", "fast")
    time.sleep(12)
    postgres.control("start")
    code, said = ended(search)
    assert code == 0, said
    assert_nothing_is_lost(spec, storage, 3)


def test_a_deleted_database_ends_the_search(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    search = start("search", write_tiny(tmp_path, trials=500, storage=storage), folder=tmp_path)
    wait_for_results(storage, 1)
    for path in tmp_path.glob("automap.db*"):
        path.unlink()
    code, said = ended(search, seconds=60)
    assert code == 1, said
    assert "while it was in use; restore it from a backup" in said
    assert "winner" not in said
