"""How soon a search is how good: automap beside what its users would take else, in equal time on equal cores.

    python benchmarks/search.py run RESULTS [--seconds 45] [--seeds 5] [--side-by-side 2] [--only NAME ...]
    python benchmarks/search.py report RESULTS

Each run is a process of its own, pinned to one core, on the same images and splits; the clock starts before the
process does. What counts is the best validation accuracy that any epoch has reached so far, and the test accuracy of
what a search hands over in the end. Runs that RESULTS holds already are not repeated. Needs ``pip install mlxtend
matplotlib keras-tuner tensorboard autokeras``; a contestant that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from queue import Queue

import numpy as np
from contestants.images import WRITERS, write_images
from contestants.report import report

from automap.data.processors import usable_processors

HERE = Path(__file__).resolve().parent
SPEC = """\
dataset: {{type: folder, path: {data}/images}}
architecture:
  type: cnn
  filters: {{choices: [[32, 64, 64], [64, 128, 128], [32, 64, 128]]}}
  dropout: {{low: 0.0, high: 0.5}}
augmentation: []
optimizer:
  type: adamw
  learning_rate: {{low: 1e-4, high: 1e-2, log: true}}
  weight_decay: {{low: 1e-4, high: 1e-1, log: true}}
training: {{epochs: 20, batch_size: {{choices: [32, 64, 128]}}}}
search: {{sampler: {sampler}, scheduler: {scheduler}, seed: {seed}}}
budget: {{time: {seconds:.0f}s}}
finalists: {{top: 1, seeds: 1}}
"""
SEARCHES = {"automap": ("tpe", "hyperband"), "random": ("random", "none")}
"""Sampler and scheduler."""
PEERS = {"optuna_loop": "optuna", "keras_tuner_hyperband": "keras_tuner", "autokeras_classifier": "autokeras"}
"""Programs in contestants/, and what they need."""


def runs(seeds: int, only: list[str] | None) -> Iterator[tuple[str, str, int]]:
    """Yield images, contestant and seed of every run, seed by seed, so that what is cut short is balanced."""
    for seed in range(seeds):
        for images in WRITERS:
            for name in (*SEARCHES, *PEERS):
                if (only is None or name in only) and (name in SEARCHES or find_spec(PEERS[name])):
                    yield images, name, seed


def race(data: Path, name: str, seed: int, seconds: float, core: int, record: Path) -> None:
    """Run one contestant on one core and write its lines to a file, which appears when it has ended."""
    growing = record.with_suffix(".growing")
    growing.unlink(missing_ok=True)
    growing.touch()
    with tempfile.TemporaryDirectory() as folder:
        if name in SEARCHES:
            _automap(data, name, seed, seconds, core, growing, Path(folder))
        else:
            _peer(data, name, seed, seconds, core, growing, Path(folder))
    growing.rename(record)


def _automap(data: Path, name: str, seed: int, seconds: float, core: int, record: Path, folder: Path) -> None:
    sampler, scheduler = SEARCHES[name]
    spec = folder / "race.yaml"
    spec.write_text(SPEC.format(data=data, sampler=sampler, scheduler=scheduler, seed=seed, seconds=seconds))
    program = [str(Path(sys.executable).with_name("automap"))]
    started, best = time.time(), 0.0
    process = _start([*program, "search", str(spec)], core, folder, AUTOMAP_CACHE=str(folder / "cache"))
    while process.poll() is None and time.time() - started < 2 * seconds:
        time.sleep(0.2)
        if (reached := _best(folder / "automap.db")) > best:
            best = reached
            _write(record, time.time() - started, best, None)
    _stop(process)
    command = [*program, "leaderboard", str(spec), "--format", "json"]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    tested = [row["test"]["accuracy"]["mean"] for row in json.loads(shown)["rows"] if row["test"]]
    _write(record, time.time() - started, best, tested[0] if tested else None)


def _best(database: Path) -> float:
    """Return the best validation accuracy that any epoch of a search trial has reported."""
    if not database.exists():
        return 0.0
    query = "SELECT max(metric) FROM automap_runs WHERE kind = 'search'"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as found:
        return found.execute(query).fetchone()[0] or 0.0
    return 0.0  # The tables are just being made.


def _peer(data: Path, name: str, seed: int, seconds: float, core: int, record: Path, folder: Path) -> None:
    started = time.time()
    options = ["--seed", seed, "--seconds", seconds, "--started", started]
    process = _start(
        [sys.executable, str(HERE / "contestants" / f"{name}.py"), str(data), str(record), *map(str, options)],
        core,
        folder,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    _stop(process)


def _start(command: list[str], core: int, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "stderr").open("wb"),
        start_new_session=True,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _write(record: Path, seconds: float, validation: float, test: float | None) -> None:
    with record.open("a") as file:
        file.write(json.dumps({"seconds": seconds, "validation": validation, "test": test}) + "\n")


def run(asked: argparse.Namespace) -> None:
    """Run what RESULTS does not hold yet."""
    asked.results.mkdir(parents=True, exist_ok=True)
    for needed in set(PEERS.values()):
        if not find_spec(needed):
            print(f"{needed} is not installed: left out")
    cores: Queue[int] = Queue()
    for core in list(usable_processors())[: asked.side_by_side]:
        cores.put(core)
    for images in WRITERS:
        if not (asked.results / images / "arrays.npz").exists():
            shutil.rmtree(asked.results / images, ignore_errors=True)
            write_images(images, asked.results / images)

    def one(images: str, name: str, seed: int) -> None:
        record = asked.results / f"{images}-{name}-{seed}.jsonl"
        if record.exists():
            return
        core = cores.get()
        try:
            race((asked.results / images).absolute(), name, seed, asked.seconds, core, record)
        finally:
            cores.put(core)
        print(record.stem, record.read_text().strip().rpartition("\n")[2], flush=True)

    with ThreadPoolExecutor(asked.side_by_side) as pool:
        for done in [pool.submit(one, *each) for each in runs(asked.seeds, asked.only)]:
            done.result()


def main() -> None:
    """Run or report, as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("results", type=Path)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--only", nargs="+")
    asked = parser.parse_args()
    if asked.what == "run":
        run(asked)
    report(asked.results, [*SEARCHES, *PEERS])


if __name__ == "__main__":
    np.set_printoptions(precision=4)
    main()
