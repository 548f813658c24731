"""Measure what verifying a cache adds to opening it: ``python benchmarks/checksums.py``.

A process opens a prepared data set and reads every record once; the time is that of the processor, so that other load
on the machine hardly matters.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from automap.data.cache import verify
from automap.data.prepare import prepare
from automap.data.sources.npz import Npz

SIZES = ((500, 32), (2_000, 32), (5_000, 64), (60_000, 28))
"""Images and their side."""
REPEATS = 15


def main() -> None:
    """Print the time of opening and reading, and the share of verification."""
    for images, side in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            seconds, share = measure(Path(folder), images, side)
        print(f"{images:>7,} images of {side}×{side}: {1000 * seconds:7.1f} ms, of which verification {share:.1%}")


def measure(folder: Path, images: int, side: int) -> tuple[float, float]:
    """Return the median seconds of opening and reading a data set, and the median share of checksums.

    Args:
        folder: for the data set and its cache.
        images: how many.
        side: height and width, in pixels; the images have three channels.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (images, side, side, 3), dtype=np.uint8)
    np.savez(folder / "arrays.npz", x=pixels, y=random.integers(0, 9, images))
    dataset, spent, measured = Npz(path=folder / "arrays.npz"), [0.0], verify.checksum

    def checksum(file: Path) -> int:
        started = time.process_time()
        found = measured(file)
        spent[0] += time.process_time() - started
        return found

    prepare(dataset, cache=folder / "cache")
    verify.checksum = checksum
    times, shares = [], []
    for _ in range(REPEATS):
        spent[0], started = 0.0, time.process_time()
        prepare(dataset, cache=folder / "cache").images(np.arange(images))
        times.append(time.process_time() - started)
        shares.append(spent[0] / times[-1])
    verify.checksum = measured
    return statistics.median(times), statistics.median(shares)


if __name__ == "__main__":
    main()
