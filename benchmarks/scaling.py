"""How far one study carries: trials a minute of 1, 2 and 4 workers, and what the storage alone could do.

    python benchmarks/scaling.py [--postgres URL] [--ray] [--workers 1 2 4] [--trials 24]

Trials are real and tiny: 120 images of digits, two epochs of a network of 90 weights, so that what is around the
training weighs as much as it ever can. The storage's ceiling is what Optuna and automap write for a trial, without
any training: ask, register, report one epoch, finish, tell. PostgreSQL is measured where a URL of an empty database is
given.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sqlalchemy import text

from automap.search.outcome import tell_result
from automap.search.study import Study, create_or_continue
from automap.search.trials import start_trial
from automap.spec.load import load_spec
from automap.store import leases, results
from automap.store.engine import open_database
from automap.store.result import Result

SPEC = """\
name: {name}
dataset: {{type: npz, path: {folder}/tiny.npz}}
architecture: {{type: cnn, filters: [4], dense: 0, dropout: 0.0}}
augmentation: []
optimizer: {{type: adamw, learning_rate: {{low: 1e-3, high: 1e-2, log: true}}, weight_decay: 0.0}}
training: {{epochs: 2, batch_size: 32}}
budget: {{trials: {trials}}}
search: {{scheduler: none, sampler: random}}
finalists: {{top: 0}}
storage: '{storage}'
"""


def write_spec(folder: Path, storage: str, trials: int) -> Path:
    """Write a spec of a study of its own, and its images."""
    digits = load_digits()
    np.savez(folder / "tiny.npz", x=(digits.images[:120] * 15).astype(np.uint8), y=digits.target[:120])
    name = f"scaling-{uuid.uuid4().hex[:8]}"
    path = folder / f"{name}.yaml"
    path.write_text(SPEC.format(name=name, folder=folder, storage=storage, trials=trials))
    return path


def trials_a_minute(folder: Path, storage: str, options: list[str], trials: int) -> tuple[float, float]:
    """Run a search; return its rate between the first result and the last, and with its start-up."""
    spec = write_spec(folder, storage, trials)
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("automap")), "search", str(spec), *options]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    whole = time.perf_counter() - started
    with open_database(storage).connect() as connection:
        query = text(
            "SELECT min(finished_at), max(finished_at), count(*) FROM automap_results r JOIN automap_studies s "
            "ON r.study_id = s.id WHERE s.name = :name"
        )
        first, last, count = connection.execute(query, {"name": spec.stem}).one()
    return 60 * (count - 1) / (last - first), 60 * count / whole


def asks_and_tells(storage: str, folder: Path, marks: tuple[int, ...], measured: int) -> list[tuple[int, float]]:
    """Fill a study with trials; return how many a second its storage takes at some sizes."""
    spec = load_spec(write_spec(folder, storage, 10**9))
    study = create_or_continue(spec, "", "0", {})
    found, done = [], 0
    for mark in marks:
        while done < mark:
            _one_trial(study)
            done += 1
        started = time.perf_counter()
        for _ in range(measured):
            _one_trial(study)
        found.append((mark, measured / (time.perf_counter() - started)))
        done += measured
    return found


def _one_trial(study: Study) -> None:
    run = start_trial(study, "benchmark")
    assert run is not None
    leases.beat(study.engine, run.id, "benchmark", epoch=1, metric=0.5, epoch_seconds=0.1)
    curve = ({"epoch": 1.0, "accuracy": 0.5, "seconds": 0.1},)
    result = Result(state="complete", validation={"accuracy": 0.5}, curve=curve)
    results.finish(study.engine, run.id, "benchmark", result)
    tell_result(study, run.trial, result)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", metavar="URL", help="an empty database")
    parser.add_argument("--ray", action="store_true", help="measure workers on a local Ray cluster too")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1_000, 10_000], help="of studies, for the ceiling")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["AUTOMAP_CACHE"] = str(folder / "cache")
        storages = {"SQLite": f"sqlite:///{folder}/scaling.db"}
        if chosen.postgres:
            storages["PostgreSQL"] = chosen.postgres
        print(f"{'trials a minute':24}{'workers':>8}{'steady':>10}{'with start':>12}")
        for storage, url in storages.items():
            for workers in chosen.workers:
                _print_rate(storage, workers, trials_a_minute(folder, url, ["--workers", str(workers)], chosen.trials))
        for workers in chosen.workers if chosen.ray else ():
            options = ["--executor", "ray", "--cpus", str((os.cpu_count() or 1) / workers), "--workers", str(workers)]
            _print_rate("Ray, SQLite", workers, trials_a_minute(folder, storages["SQLite"], options, chosen.trials))
        print(f"\n{'ask and tell':24}{'trials':>8}{'a second':>10}")
        for storage, url in storages.items():
            for size, rate in asks_and_tells(url, folder, tuple(chosen.sizes), 50):
                print(f"{storage:24}{size:8,}{rate:10.1f}", flush=True)


def _print_rate(storage: str, workers: int, rates: tuple[float, float]) -> None:
    steady, whole = rates
    print(f"{storage:24}{workers:8}{steady:10.1f}{whole:12.1f}", flush=True)


if __name__ == "__main__":
    main()
