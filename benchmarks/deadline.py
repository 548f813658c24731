"""Short searches of every task: how far beyond its time budget does each command end?

    python benchmarks/deadline.py FOLDER [--seconds 60 100] [--busy 1] [--only segmentation,digits]

Runs the specs of `specs/` that need no download, one after another, on data that `examples/make_data.py` writes, while
other processes keep as many processors busy. Results are appended to ``FOLDER/results.jsonl``; searches that are in it
are not repeated. Prints a table: wall time of the whole command, the overrun as a share of the budget, the longest
evaluation (with saving the model), the overrun beyond 5% and that evaluation, and whether a model was left.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = {
    "digits": None,
    "segmentation": "digits_on_photographs",
    "detection": "scattered_digits",
    "enhancement": "photographs",
    "multi_label": "several_digits",
    "regression": "noise",
    "face_recognition": "glyphs",
}
ALLOWED_SHARE = 0.05
"""A command may end this share of its budget, and one evaluation, later."""


def main() -> None:
    """Run the searches that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, nargs="+", default=[60, 100], help="time budgets")
    parser.add_argument("--busy", type=int, default=1, help="processes that compute at the same time")
    parser.add_argument("--only", default=",".join(DATA), help="specs, separated by commas")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    results = asked.folder / "results.jsonl"
    for seconds in asked.seconds:
        for name in asked.only.split(","):
            if any((row["spec"], row["budget"]) == (name, seconds) for row in read(results)):
                continue
            row = searched(name, seconds, asked.folder, asked.busy)
            with results.open("a") as file:
                print(json.dumps(row), file=file)
            print(json.dumps(row), flush=True)
    show(read(results))


def searched(name: str, seconds: int, folder: Path, busy: int) -> dict[str, Any]:
    """Run one search in a folder of its own and measure it."""
    own = folder / f"{name}_{seconds}"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    if (data := DATA[name]) is not None and not (folder / "data" / data).exists():
        make = [sys.executable, ROOT / "examples" / "make_data.py", name, folder / "data" / data]
        subprocess.run(make, check=True)
    spec = Path(shutil.copy(ROOT / "specs" / f"{name}.yaml", own))
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        started = time.monotonic()
        program = Path(sys.executable).with_name("automap")
        with (own / "log").open("w") as log:
            command = [program, "search", spec, "--time", f"{seconds}s"]
            search = subprocess.Popen(command, stdout=log, stderr=log)
            runs = own / "automap.runs" / name
            evaluation = longest_evaluation(search, runs / "logs")
        wall = time.monotonic() - started
    finally:
        for other in others:
            other.kill()
    counted = "SELECT kind || ' ' || state, count(*) FROM automap_results GROUP BY 1"
    counts = dict(sqlite3.connect(own / "automap.db").execute(counted))
    return {
        "spec": name,
        "budget": seconds,
        "wall": round(wall, 1),
        "evaluation": round(evaluation, 1),
        "exit": search.returncode,
        "results": counts,
        "winner": (runs / "winner" / "model.keras").exists(),
        "load": round(os.getloadavg()[0], 1),
    }


def longest_evaluation(search: subprocess.Popen[bytes], logs: Path) -> float:
    """Wait for a search; return the seconds of the longest evaluation, from what its worker says that it does."""
    longest, since = 0.0, None
    while search.poll() is None:
        evaluates = any("evaluating" in path.read_text() for path in logs.glob("*.phase") if path.exists())
        if evaluates and since is None:
            since = time.monotonic()
        elif not evaluates:
            since = None
        if since is not None:
            longest = max(longest, time.monotonic() - since)
        time.sleep(0.05)
    return longest


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print("| spec | budget | ended after | overrun | longest evaluation | beyond 5% and it | model | load |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        over = row["wall"] - row["budget"]
        beyond = max(0.0, over - ALLOWED_SHARE * row["budget"] - row["evaluation"])
        cells = [row["spec"], f"{row['budget']} s", f"{row['wall']:.1f} s", f"{100 * over / row['budget']:+.1f}%"]
        cells += [f"{row['evaluation']:.1f} s", f"{beyond:.1f} s", "yes" if row["winner"] else "no", f"{row['load']}"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
