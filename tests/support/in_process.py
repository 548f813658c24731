"""Workers within this process: a search without the start-up time of worker processes."""

from __future__ import annotations

import json
import threading
import traceback
from typing import Any

from automap.exceptions import AutomapError
from automap.workers.executor import Death
from automap.workers.process import work_as_ordered


class ThreadExecutor:
    """Runs one worker as a thread; takes the arguments of `LocalExecutor`."""

    def __init__(self, spec: Any, _logs: Any, data: Any, _shares: Any, seed: int) -> None:
        self._order = {
            "spec": spec.to_data(),
            "data": data._asdict(),
            "sampler_seed": seed,
            "cores": None,
            "gpu_fraction": 1.0,
            "gpu_memory_bytes": 0,
            "worker": "thread",
        }
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._stop = threading.Event()
        self._deaths: list[Death] = []

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def _work(self) -> None:
        try:
            work_as_ordered(json.loads(json.dumps(self._order)), self._stop)
        except AutomapError as error:
            self._deaths.append(Death("thread", str(error), fatal=True))
        except BaseException:
            self._deaths.append(Death("thread", traceback.format_exc(), fatal=True))

    def deaths(self) -> list[Death]:
        """Return how the worker ended, if it ended badly."""
        found, self._deaths = self._deaths, []
        return found

    def alive(self) -> int:
        """Return whether the worker runs."""
        return int(self._thread.is_alive())

    def stop(self, *, now: bool = False) -> None:
        """Ask the worker to stop."""
        self._stop.set()


class NoWorkers:
    """Starts no worker: a search does everything but train. Takes the arguments of `LocalExecutor`."""

    def __init__(self, *_: Any) -> None:
        pass

    def start(self) -> None:
        """Do nothing."""

    def deaths(self) -> list[Death]:
        """Return no deaths."""
        return []

    def alive(self) -> int:
        """Return that none runs."""
        return 0

    def stop(self, *, now: bool = False) -> None:
        """Do nothing."""
