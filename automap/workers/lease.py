"""A worker's lease on a run: heartbeats, and whether the lease was lost."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from automap.exceptions import DatabaseLost, StorageError
from automap.interfaces.scheduler import Evaluation
from automap.search.study import Study
from automap.store import leases
from automap.store.runs import Run
from automap.workers.phases import write_phase

BEAT_SECONDS = 5.0


class Lease:
    """Sends heartbeats in the background while a run is trained.

    If a worker was suspended for longer than the grace period, another one has taken over its run: `lost` becomes
    true, and the worker must drop the run without storing anything.
    """

    def __init__(self, study: Study, run: Run, worker: str) -> None:
        self._study, self._run, self._worker = study, run, worker
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_ended, name="lease", daemon=True)
        self.lost = False
        self.paused = False
        """Whether the scheduler has paused the trial: it waits for promotion, not for another worker."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def report(self, epoch: Evaluation) -> None:
        """Store the progress of the run for display."""
        name = self._study.spec.objectives[0].metric
        held = leases.beat(
            self._study.engine,
            self._run.id,
            self._worker,
            epoch=int(epoch.epoch),
            metric=epoch.metrics.get(name),
            epoch_seconds=epoch.seconds,
        )
        self.lost = self.lost or not held

    def note_phase(self, phase: str) -> None:
        """Tell the driver on this machine what the worker is doing."""
        write_phase(self._study.spec, self._worker, self._run, phase)

    def _beat_until_ended(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                held = leases.beat(self._study.engine, self._run.id, self._worker)
            except DatabaseLost:
                self.lost = True
                return
            except StorageError:
                # The database may be restarting; if it stays away, the next report fails.
                continue
            if not held:
                self.lost = True
                return
