"""A trial in a process with limited memory, like on a GPU that is too small."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from support.arrays import mnist
from support.candidates import candidate
from support.training import train


def main(folder: str, batch_size: int, more_bytes: int) -> None:
    """Warm up, limit the process's memory, train, and print the result as the last line."""
    data = mnist()
    wide = {"type": "cnn", "filters": [64], "dense": 0}
    train(candidate(wide, epochs=1, batch_size=64), data, Path(folder) / "a")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + more_bytes, resource.RLIM_INFINITY))
    chosen = candidate(wide, epochs=1, batch_size=batch_size)
    result = train(chosen, data, Path(folder) / "b")
    print("\n" + json.dumps({"state": result.state, "reason": result.reason, "notes": result.notes}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
