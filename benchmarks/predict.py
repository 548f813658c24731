"""Throughput of `automap predict` beside the bare runtime behind the same decoder and batching.

    python benchmarks/predict.py MODEL.onnx                  # about two minutes
    python benchmarks/predict.py MODEL.onnx --images 2000

Writes PNG files of 28 to 64 pixels, cut from photographs. The bare runtime decodes them in as many threads and runs
batches of as many images; `predict` also makes typed answers; the command also starts, finds the files and writes CSV.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_images

from automap.data.decode.image import decode_record
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.models.predict import BATCH, CHUNK, THREADS, predict

SIDES = (28, 32, 48, 64)
PROGRAM = "from automap.cli.main import main; import sys; main(sys.argv[1:])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="an exported file")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = load_model(options.model)
    with tempfile.TemporaryDirectory() as folder:
        paths = photographs(Path(folder), options.images)
        ways: dict[str, Callable[[], object]] = {
            "bare runtime": lambda: bare(model, paths),
            "predict": lambda: sum(1 for _ in predict(model, paths)),
            "automap predict": lambda: command(options.model, Path(folder)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            # In turns, so that all see the same load of the machine.
            for name, run in ways.items():
                started = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - started)
    table = Table("", "images/s, median", "range", "relative to the bare runtime")
    rates = {name: [options.images / each for each in found] for name, found in seconds.items()}
    ratios = {
        name: [one / base for one, base in zip(found, rates["bare runtime"], strict=True)]
        for name, found in rates.items()
    }
    for name, found in rates.items():
        table.add_row(
            name,
            f"{statistics.median(found):,.0f}",
            f"{min(found):,.0f} to {max(found):,.0f}",
            f"{statistics.median(ratios[name]):.3f}",
        )
    Console(width=120).print(table)


def photographs(folder: Path, count: int) -> list[Path]:
    """Write squares of scikit-learn's photographs as PNG files."""
    random, sources = np.random.default_rng(0), load_sample_images().images
    paths = []
    for number in range(count):
        source, side = sources[number % len(sources)], SIDES[number % len(SIDES)]
        top, left = (int(random.integers(0, length - side)) for length in source.shape[:2])
        paths.append(folder / f"{number:05d}.png")
        Image.fromarray(source[top : top + side, left : left + side]).save(paths[-1])
    return paths


def bare(model: LoadedModel, paths: list[Path]) -> None:
    """Decode in threads and run batches, no more."""

    def decode(chunk: list[Path]) -> list[np.ndarray]:
        return [decode_record(path, model.info.image).pixels for path in chunk]

    with ThreadPoolExecutor(THREADS) as pool:
        pending = []
        for chunk in pool.map(decode, [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]):
            pending += chunk
            if len(pending) >= BATCH:
                model.runtime.run({"image": np.stack(pending[:BATCH])})
                pending = pending[BATCH:]
        if pending:
            model.runtime.run({"image": np.stack(pending)})


def command(model: Path, folder: Path) -> None:
    """Run the command as a user does."""
    arguments = ["predict", str(model), str(folder), "--format", "csv"]
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )


if __name__ == "__main__":
    main()
