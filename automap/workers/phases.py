"""What the workers of this machine are doing now: one small file for each worker, next to its log.

The files are for display only, by the driver of these workers. In the database every change would cost a write.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from automap.spec.spec import Spec
from automap.store.atomic import write_text
from automap.store.runs import Run

MAX_BYTES = 100
"""Longer files were not written by automap."""


def write_phase(spec: Spec, worker: str, run: Run, phase: str) -> None:
    """Write what a worker is doing with a run; errors are ignored, because the writes that matter report them."""
    path = _phase_file(spec, worker)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, f"{run.id} {phase}")


def read_phases(spec: Spec, workers: Iterable[str]) -> dict[int, str]:
    """Return what some workers are doing, by the id of the run."""
    found = {}
    for worker in workers:
        with suppress(OSError, ValueError):
            with _phase_file(spec, worker).open(encoding="ascii") as file:
                number, phase = file.read(MAX_BYTES).split(maxsplit=1)
            found[int(number)] = phase
    return found


def _phase_file(spec: Spec, worker: str) -> Path:
    return spec.run_directory / "logs" / f"{Path(worker).name}.phase"
