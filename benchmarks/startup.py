"""How long the commands take that train nothing, each in a fresh process, and how much memory.

    python benchmarks/startup.py            # about two minutes, 600 MB of temporary files
    python benchmarks/startup.py --small    # without the databases of 100,000 trials

The databases are filled with rows such as a search writes: candidates, four metrics, seven costs and a
learning curve of 20 epochs. Times are medians of `--runs` runs after one that is not counted; memory is the
largest resident size. The exit code is 1 if a limit is passed or a command imported Keras.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from automap.store import studies
from automap.store.engine import open_database
from automap.store.models import ResultTable, RunTable

PROGRAM = [sys.executable, "-c", "from automap.cli.main import main; main()"]
HEAVY = ("keras", "tensorflow", "torch", "jax")


@dataclass(frozen=True)
class Case:
    """A command with its limits."""

    title: str
    arguments: tuple[str, ...]
    seconds: float
    megabytes: float = 500


def cases(folder: Path, small: bool) -> Iterator[Case]:
    """Fill databases and name the commands to measure."""
    thousand, hundred, many = (f"sqlite:///{folder}/{name}.db" for name in ("thousand", "hundred", "studies"))
    yield Case("automap --help", ("--help",), 0.3)
    fill_apart(thousand, 1, 1_000)
    yield Case("leaderboard, 1,000 trials", ("leaderboard", "--storage", thousand), 1.0)
    fill_apart(many, 1_000, 10 if small else 100)
    yield Case("studies, 1,000 studies", ("studies", "--storage", many), 1.0)
    if not small:
        fill_apart(hundred, 1, 100_000)
        name = ("leaderboard", "--storage", hundred)
        yield Case("leaderboard, 100,000 trials", name, 2.0)
        yield Case("  … --sort validation.macro_f1", (*name, "--sort", "validation.macro_f1"), 2.0)
        yield Case("  … two objectives: --pareto", (*name, "--pareto"), 2.0)
        yield Case("show, of 100,000 trials", ("show", "study-0", "99999", "--storage", hundred), 2.0)


def fill_apart(url: str, count: int, trials: int) -> None:
    """Fill a database in another process: a command that a large one starts is counted as large as that."""
    process = multiprocessing.get_context("spawn").Process(target=fill, args=(url, count, trials))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"filling {url} failed")


def fill(url: str, count: int, trials: int) -> None:
    """Write studies with finished trials; all with accuracy and latency as objectives."""
    engine, generator = open_database(url), random.Random(0)
    for number in range(count):
        objectives = [
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "latency", "direction": "minimize"},
        ]
        new = studies.NewStudy(
            name=f"study-{number}",
            spec_text="",
            spec={"task": {"type": "classification"}},
            objectives=objectives[: 2 if trials == 100_000 else 1],
            data_fingerprint="",
            environment={},
            run_directory=".",
            trial_budget=trials,
        )
        study, _ = studies.create_study(engine, new)
        for start in range(0, trials, 10_000):
            chunk = range(start, min(start + 10_000, trials))
            rows = [rows_of(generator, study.id, trial, number * trials + trial + 1) for trial in chunk]
            with engine.begin() as connection:
                connection.execute(insert(RunTable), [run for run, _ in rows])
                connection.execute(insert(ResultTable), [result for _, result in rows])
    engine.dispose()


def rows_of(generator: random.Random, study: int, trial: int, run: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of one trial, with numbers as trials have them."""
    accuracy = min(1.0, max(0.1, 0.97 - abs(generator.gauss(0, 0.03))))
    parameters = int(10 ** generator.uniform(4, 6.5))
    candidate = {
        "task": {"type": "classification"},
        "dataset": {"type": "sklearn", "name": "digits"},
        "architecture": {
            "type": "resnet",
            "blocks": generator.randint(1, 4),
            "width": generator.randint(16, 128),
        },
        "augmentation": [{"type": "random_flip"}, {"type": "random_crop", "padding": 4}],
        "optimizer": {
            "type": "adamw",
            "learning_rate": 10 ** generator.uniform(-4, -2),
            "weight_decay": 1e-4,
        },
        "loss": {"type": "cross_entropy", "label_smoothing": 0.0},
        "training": {"epochs": 20, "batch_size": 64, "schedule": "cosine"},
    }
    curve = [
        {"epoch": epoch, "seconds": 1.1, "learning_rate": 1e-3, "train_loss": 2 / epoch, "loss": 2.2 / epoch}
        | {"accuracy": accuracy * (1 - 0.5**epoch)}
        for epoch in range(1, 21)
    ]
    common = {"study_id": study, "trial": trial, "kind": "search", "seed": trial, "candidate": candidate}
    run_row = {**common, "id": run, "epochs": 20, "state": "done", "attempts": 1, "epoch": 20}
    result_row = {
        **common,
        "run_id": run,
        "state": generator.choices(["complete", "pruned", "failed", "infeasible"], [60, 34, 3, 3])[0],
        "value": accuracy,
        "validation": {
            "accuracy": accuracy,
            "macro_f1": accuracy - 0.01,
            "auroc": 0.99,
            "log_loss": 1 - accuracy,
        },
        "test": None,
        "cost": {
            "parameters": parameters,
            "flops": parameters * 40,
            "latency_ms": 0.3 + parameters / 1e6 * generator.uniform(0.5, 2),
            "latency_p95_ms": 2.0,
            "size_bytes": parameters * 4,
            "train_seconds": generator.uniform(5, 30),
            "peak_memory_bytes": 500_000_000,
        },
        "curve": curve,
        "notes": [],
        "finished_at": 1.79e9 + trial,
    }
    return run_row, result_row


def measure(case: Case, runs: int) -> tuple[list[float], list[float], float]:
    """Run a command several times; return wall and CPU seconds of each run and the largest memory in MB."""
    seconds, busy, megabytes = [], [], 0.0
    for index in range(runs + 1):
        start = time.perf_counter()
        process = subprocess.Popen([*PROGRAM, *case.arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        passed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{case.title}: exit code {process.returncode}")
        megabytes = max(megabytes, usage.ru_maxrss / 1024)
        # The first one fills the file cache and compiles modules.
        seconds += [passed] if index else []
        busy += [usage.ru_utime + usage.ru_stime] if index else []
    return seconds, busy, megabytes


def heavy_imports(case: Case) -> list[str]:
    """Return the deep-learning packages that a command imported."""
    program = [PROGRAM[0], "-X", "importtime", *PROGRAM[1:], *case.arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    return [name for name in HEAVY if name in names]


def main() -> int:
    """Measure every case, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="runs of each command (10)")
    parser.add_argument("--small", action="store_true", help="leave the databases of 100,000 trials out")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table(title=f"{machine}; median of {options.runs} runs; load {os.getloadavg()[0]:.1f} at the start")
    for name in (
        "command",
        "median s",
        "slowest s",
        "CPU s",
        "limit s",
        "memory MB",
        "limit MB",
        "Keras",
        "",
    ):
        table.add_column(name, justify="left" if name == "command" else "right", no_wrap=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder), options.small):
            seconds, busy, megabytes = measure(case, options.runs)
            heavy = heavy_imports(case)
            median = statistics.median(seconds)
            good = median <= case.seconds and megabytes <= case.megabytes and not heavy
            failed = failed or not good
            table.add_row(
                case.title,
                f"{median:.3f}",
                f"{max(seconds):.3f}",
                f"{statistics.median(busy):.3f}",
                f"{case.seconds:g}",
                f"{megabytes:.0f}",
                f"{case.megabytes:g}",
                ", ".join(heavy) or "no",
                "ok" if good else "TOO MUCH",
            )
    Console(width=120).print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
