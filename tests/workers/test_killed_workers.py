"""Workers that are killed at random moments. In a file of its own, because it takes as long as all the others."""

import random
import time
from pathlib import Path

import pytest
from support.searching import (
    assert_nothing_is_lost,
    ended,
    kill,
    query,
    start,
    wait_for,
    wait_for_results,
    workers_of,
    write_tiny,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(5))
def test_each_of_four_workers_is_killed_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    chance, storage = random.Random(seed), f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=60, storage=storage)
    search = start("search", spec, "--workers", 4, folder=tmp_path)
    victims = wait_for(lambda: len(found := workers_of(search)) == 4 and found)
    moments = sorted(chance.randint(1, 50) for _ in victims)
    for victim, moment in zip(chance.sample(victims, 4), moments, strict=True):
        wait_for_results(storage, moment)
        time.sleep(chance.random())
        kill([victim])
    code, said = ended(search)
    assert code == 0, said
    assert_nothing_is_lost(spec, storage, 60)
    # Some were killed in the midst of a trial, whose result says so.
    assert query(storage, "SELECT count(*) FROM automap_runs WHERE state != 'done'") == [(0,)]
