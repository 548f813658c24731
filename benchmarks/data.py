"""How fast a data set is decoded and how fast its cache is opened, and how much memory both take.

    python benchmarks/data.py                       # 5,000 photographs; about a minute, 1 GB of temporary files
    python benchmarks/data.py --count 1000000 --links --side 64 --kill --train   # a million files, 13 GB of them

Photographs are cut from scikit-image's (300×250, JPEG). With `--links`, 2,000 of them stand under as many names
as are asked for, so that a million do not fill the disk. Memory is the largest resident size of a process that does
nothing else, and of the largest of those that decode for it. With `--kill`, the process is killed when about half is
decoded, and another one goes on. With `--train`, a small network is trained for one epoch and evaluated.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage.data import astronaut, cat, coffee

from automap.data.prepare import prepare
from automap.data.processors import usable_processors
from automap.data.sources.folder import Folder

LINKED = 2_000
"""Different photographs that stand behind links."""
RUNS = 5


def write_photographs(root: Path, count: int, *, links: bool) -> None:
    """Write crops of three photographs, a folder for each."""
    sources, random = (astronaut(), coffee(), cat()), np.random.default_rng(0)
    for index in range(min(count, LINKED) if links else count):
        photograph = sources[index % 3]
        top, left = (
            int(random.integers(0, size - crop)) for size, crop in zip(photograph.shape[:2], (250, 300), strict=True)
        )
        path = root / str(index % 3) / f"{index:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph[top : top + 250, left : left + 300]).save(path, quality=90)
    written = sorted(root.rglob("*.jpg"))
    for index in range(len(written), count):
        original = written[index % len(written)]
        os.link(original, original.with_name(f"{index:07d}.jpg"))


def megabytes(of: int) -> float:
    """Return the largest resident size so far."""
    return resource.getrusage(of).ru_maxrss / 1024


def dataset_of(root: Path, side: int) -> Folder:
    """Return the data set of the photographs."""
    return Folder(path=root, image_size=side)


def decode(root: Path, cache: Path, side: int) -> None:
    """Decode what is not decoded yet, and say of every step of the progress."""

    def progress(done: int, _: int | None, what: str) -> None:
        print(f"at {what} {done}", flush=True)

    start = time.perf_counter()
    prepare(dataset_of(root, side), cache=cache, progress=progress)
    report(seconds=time.perf_counter() - start)


def open_again(root: Path, cache: Path, side: int) -> None:
    """Open what was decoded."""
    start = time.perf_counter()
    data = prepare(dataset_of(root, side), cache=cache)
    records = sum(len(split) for split in data.splits.values())
    report(seconds=time.perf_counter() - start, records=records, bytes=data.nbytes)


def train(root: Path, cache: Path, side: int) -> None:
    """Train a small network for one epoch, as a trial does, and evaluate it."""
    from automap import Candidate
    from automap.spec.objectives import Objective
    from automap.training.request import TrialRequest
    from automap.training.run_trial import run_trial

    data = prepare(dataset_of(root, side), cache=cache)
    chosen = Candidate.model_validate(
        {
            "task": "classification",
            "dataset": {"type": "sklearn", "name": "digits"},
            "architecture": {"type": "cnn", "filters": [8, 16], "dense": 0},
            "optimizer": {"type": "adamw"},
            "loss": "cross_entropy",
            "training": {"epochs": 1, "batch_size": 256},
        }
    )
    objective = Objective(metric="accuracy", direction="maximize")
    with tempfile.TemporaryDirectory() as folder:
        request = TrialRequest(candidate=chosen, seed=0, directory=Path(folder), objective=objective)
        result = run_trial(request, data)
    assert result.state == "complete", result.reason
    trained = len(data.splits["train"])
    report(seconds=result.cost["train_seconds"], trained=trained, accuracy=result.validation["accuracy"])


def report(**found: float) -> None:
    """Print what a step found, and the memory of this process and of its largest child, in MB."""
    memory = {"own": megabytes(resource.RUSAGE_SELF), "child": megabytes(resource.RUSAGE_CHILDREN)}
    print(json.dumps(found | memory), flush=True)


STEPS = {"decode": decode, "open_again": open_again, "train": train}


def step(name: str, root: Path, cache: Path, side: int, kill_at: int | None = None) -> dict[str, float]:
    """Run a step in a process of its own and return what it reported; nothing if it was killed.

    Args:
        name: of the step.
        root: of the photographs.
        cache: where decoded data sets lie.
        side: of the decoded images.
        kill_at: images after which the process is killed.
    """
    command = [sys.executable, __file__, "--step", name, "--at", str(root), str(cache), "--side", str(side)]
    line = "{}"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if kill_at is not None and line.startswith("at decoding") and int(line.split()[-1]) >= kill_at:
                process.kill()
                return {}
    found: dict[str, float] = json.loads(line)
    return found


def decoded_already(cache: Path) -> int:
    """Return how many images a build has put away that is not finished."""
    parts = cache.glob("*.building/part-*.json")
    return sum(len(json.loads(part.read_text())["good"]) for part in parts)


def measure(root: Path, cache: Path, side: int, *, kill_at: int | None, trained: bool) -> dict[str, str]:
    """Decode a folder, open it again, and train on it."""
    found: dict[str, str] = {}
    if kill_at is not None:
        step("decode", root, cache, side, kill_at)
    kept = decoded_already(cache)
    if kill_at is not None:
        found["killed at"] = f"{kill_at:,} images; of them {kept:,} were not decoded again"
    built = step("decode", root, cache, side)
    opened = [step("open_again", root, cache, side) for _ in range(RUNS)]
    records = int(opened[0]["records"])
    decoded = records - kept
    found |= {
        "records": f"{records:,} of {side}×{side}",
        "listed and decoded": f"{built['seconds']:.1f} s, {decoded / built['seconds']:,.0f} images/s",
        "opened (median of 5)": f"{sorted(each['seconds'] for each in opened)[RUNS // 2] * 1000:,.0f} ms",
        "cache": f"{opened[0]['bytes'] / 1e6:,.0f} MB",
        "memory while decoding": f"{built['own']:,.0f} MB",
        "memory of a decoder": f"{built['child']:,.0f} MB",
    }
    if trained:
        epoch = step("train", root, cache, side)
        found["an epoch"] = (
            f"{epoch['seconds']:.1f} s, {epoch['trained'] / epoch['seconds']:,.0f} images/s with evaluation"
        )
        found["memory while training"] = f"{epoch['own']:,.0f} MB"
    return found


def main() -> None:
    """Write photographs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--links", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--at", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        STEPS[asked.step](*asked.at, asked.side)
        return
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder, "data"), Path(folder, "cache")
        write_photographs(root, asked.count, links=asked.links)
        table = Table("what", "measured", title=f"{platform.machine()}, {len(usable_processors())} cores")
        kill_at = asked.count // 2 if asked.kill else None
        for what, value in measure(root, cache, asked.side, kill_at=kill_at, trained=asked.train).items():
            table.add_row(what, value)
    Console().print(table)


if __name__ == "__main__":
    main()
