"""How fast a data set is decoded and how fast its cache is opened, and how much memory both take.

    python benchmarks/data.py                       # 5,000 photographs; about a minute, 1 GB of temporary files
    python benchmarks/data.py --count 1000000 --links --side 64   # a million files, 13 GB of temporary files

Photographs are cut from scikit-image's (300×250, JPEG). With `--links`, 2,000 of them stand under as many names
as are asked for, so that a million do not fill the disk. Memory is the largest resident size of this process, and
of the largest of those that decode.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage.data import astronaut, cat, coffee

from automap.data.datasets.folder import Folder
from automap.data.prepare import prepare

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


def measure(root: Path, cache: Path, side: int) -> dict[str, str]:
    """Decode a folder and open it again."""
    dataset = Folder(path=root, image_size=side)
    start = time.perf_counter()
    data = prepare(dataset, cache=cache)
    built = time.perf_counter() - start
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        prepare(dataset, cache=cache)
        times.append(time.perf_counter() - start)
    records = sum(len(split) for split in data.splits.values())
    return {
        "records": f"{records:,} of {side}x{side}",
        "listed and decoded": f"{built:.1f} s, {records / built:,.0f} images/s",
        "opened (median of 5)": f"{sorted(times)[RUNS // 2] * 1000:,.0f} ms",
        "cache": f"{data.nbytes / 1e6:,.0f} MB",
        "memory of this process": f"{megabytes(resource.RUSAGE_SELF):,.0f} MB",
        "memory of a decoder": f"{megabytes(resource.RUSAGE_CHILDREN):,.0f} MB",
    }


def main() -> None:
    """Write photographs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--links", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_photographs(Path(folder, "data"), asked.count, links=asked.links)
        table = Table("what", "measured", title=f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores")
        for what, value in measure(Path(folder, "data"), Path(folder, "cache"), asked.side).items():
            table.add_row(what, value)
    Console().print(table)


if __name__ == "__main__":
    main()
