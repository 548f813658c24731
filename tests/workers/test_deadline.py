"""A search with a time budget ends in time, with the best model so far."""

import time
from pathlib import Path

import pytest
from support.searching import ended, query, start, write_tiny

pytestmark = pytest.mark.slow


def test_a_trial_that_is_too_long_for_the_budget_finishes_early(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=1, epochs=100_000, storage=storage)
    text = spec.read_text().replace("budget: {trials: 1}", "budget: {time: 45s}")
    spec.write_text(text.replace("finalists: {top: 0}", "finalists: {top: 1, seeds: 1}"))
    started = time.monotonic()
    code, said = ended(start("search", spec, folder=tmp_path))
    assert code == 0, said
    # The program's own start is no part of the budget; on this machine it takes seconds.
    assert time.monotonic() - started < 45 + 30
    assert query(storage, "SELECT max(seconds_used) < 48 FROM automap_studies") == [(1,)]
    assert query(storage, "SELECT state FROM automap_results WHERE kind = 'search'") == [("complete",)]
    [(notes,)] = query(storage, "SELECT notes FROM automap_results WHERE kind = 'search'")
    assert "finished early after" in notes
    # Training it again would take as long: its own weights are the winner.
    assert (tmp_path / "automap.runs" / "tiny" / "winner" / "model.keras").exists()
