"""Searches in processes of their own on tiny images, and queries of their databases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, exc, text
from support.images import digits

from automap.store.engine import database_url

TINY = """\
name: tiny
dataset: {type: npz, path: tiny.npz}
architecture: {type: cnn, filters: [4], dense: 0, dropout: 0.0}
augmentation: []
optimizer: {type: adamw, learning_rate: {low: 1e-3, high: 1e-2, log: true}, weight_decay: 0.0}
training: {epochs: EPOCHS, batch_size: 32}
budget: {trials: TRIALS}
search: {scheduler: none, sampler: random}
finalists: {top: 0}
storage: STORAGE
"""


def write_tiny(folder: Path, *, trials: int, epochs: int = 2, storage: str = "sqlite:///automap.db") -> Path:
    """Write a spec whose trials take about a second, and its 120 real images."""
    images, labels = digits()
    np.savez(folder / "tiny.npz", x=images[:120], y=labels[:120])
    spec = folder / "tiny.yaml"
    filled = TINY.replace("EPOCHS", str(epochs)).replace("TRIALS", str(trials)).replace("STORAGE", f"'{storage}'")
    spec.write_text(filled)
    return spec


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    """Start ``automap`` in a folder; its messages go to a file there, so that nobody needs to read them."""
    log = folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("automap")), *map(str, arguments)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    process.log = log  # type: ignore[attr-defined]
    return process


def ended(process: subprocess.Popen[str], *, seconds: float = 300) -> tuple[int, str]:
    """Wait for a started program; return its exit code and what it said."""
    code = process.wait(timeout=seconds)
    return code, process.log.read_text()  # type: ignore[attr-defined]


def query(storage: str, sql: str) -> list[tuple[Any, ...]]:
    """Ask the database; a table that does not exist yet has no rows."""
    engine = create_engine(database_url(storage))
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]
    except (exc.OperationalError, exc.ProgrammingError) as error:
        if "no such table" in str(error) or "does not exist" in str(error):
            return []
        raise
    finally:
        engine.dispose()


def execute(storage: str, sql: str) -> None:
    """Change something in the database."""
    engine = create_engine(database_url(storage))
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()


def wait_for(condition: Callable[[], Any], *, seconds: float = 120) -> Any:
    """Wait until a condition is true and return what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def wait_for_results(storage: str, number: int, *, seconds: float = 240) -> None:
    """Wait until so many results are stored."""

    def stored() -> int:
        rows = query(storage, "SELECT count(*) FROM automap_results")
        return int(rows[0][0]) if rows else 0

    wait_for(lambda: stored() >= number, seconds=seconds)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the process numbers of a driver's workers."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def kill(pids: Sequence[int]) -> None:
    """Kill processes that may have ended by themselves."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def assert_nothing_is_lost(spec: Path, storage: str, trials: int) -> None:
    """Every trial has one result that is complete, all records agree, and the leaderboard is what files say."""
    rows = query(storage, "SELECT trial, state, reason FROM automap_results WHERE kind = 'search' ORDER BY trial")
    assert [trial for trial, _, _ in rows] == list(range(trials)), rows
    assert {state for _, state, _ in rows} == {"complete"}, rows
    checked = start("doctor", spec.name, "--format", "json", folder=spec.parent)
    code, said = ended(checked)
    assert code == 0, said
    assert all(check["problems"] == [] for check in json.loads(said)["checks"])
    assert _best_by_leaderboard(spec) == _best_by_files(spec.parent / "automap.runs" / "tiny")


def _best_by_leaderboard(spec: Path) -> list[tuple[int, float]]:
    asked = start("leaderboard", spec.name, "--format", "json", "--limit", "1000", folder=spec.parent)
    code, said = ended(asked)
    assert code == 0, said
    return sorted((row["trial"], row["validation"]["accuracy"]["mean"]) for row in json.loads(said)["rows"])


def _best_by_files(directory: Path) -> list[tuple[int, float]]:
    stored = {path.parent.name: json.loads(path.read_text()) for path in directory.glob("trial-*/result.json")}
    return sorted(
        (int(name.removeprefix("trial-")), file["result"]["validation"]["accuracy"]) for name, file in stored.items()
    )
