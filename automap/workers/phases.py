"""What the workers of this machine are doing now: a small file for each, beside its log.

It is for display only. In the database it would cost a write for each change, and the driver of these workers is
the one who shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from automap.spec.spec import Spec
from automap.store.runs import Run

MAX_BYTES = 100
"""Of such a file; whatever is longer was not written here."""


def write_phase(spec: Spec, worker: str, run: Run, phase: str) -> None:
    """Say what a worker does with a run. A full or unwritable disk is reported elsewhere, by what matters."""
    path = _phase_file(spec, worker)
    with suppress(OSError):
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(f"{run.id} {phase}", encoding="ascii")
        temporary.replace(path)


def read_phases(spec: Spec, workers: Iterable[str]) -> dict[int, str]:
    """Return what some workers do, by the id of the run."""
    found = {}
    for worker in workers:
        with suppress(OSError, ValueError):
            with _phase_file(spec, worker).open(encoding="ascii") as file:
                number, phase = file.read(MAX_BYTES).split(maxsplit=1)
            found[int(number)] = phase
    return found


def _phase_file(spec: Spec, worker: str) -> Path:
    return spec.run_directory / "logs" / f"{Path(worker).name}.phase"
