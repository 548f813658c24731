"""Batching of concurrent requests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array


class _Waiting(NamedTuple):
    records: Array
    outputs: asyncio.Future[Array]


class Batcher:
    """Runs what is waiting as one batch as soon as the previous batch is done.

    Nothing waits for a batch to fill up: a single request is run at once, and under load batches grow by themselves.
    All methods belong to one event loop.

    Args:
        run: maps records ``(batch, height, width, channels)`` to raw outputs ``(batch, …)``; called in a thread.
        most: records of the largest batch.
    """

    def __init__(self, run: Callable[[Array], Array], most: int) -> None:
        self._run, self._most = run, most
        self._waiting: deque[_Waiting] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def run(self, records: Array) -> Array:
        """Return raw outputs of records ``(count, height, width, channels)``, together with those of other callers.

        Raises:
            Exception: whatever the runtime raises.
        """
        parts = []
        for start in range(0, len(records), self._most):
            # One after the other, so that a request of many records does not hold up the others.
            part = _Waiting(records[start : start + self._most], asyncio.get_running_loop().create_future())
            self._waiting.append(part)
            self._start()
            parts.append(await part.outputs)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        if self._busy or not (batch := self._take()):
            return
        self._busy = True
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._run_batch, [each[0] for each in batch])
        running.add_done_callback(lambda done: self._finish(batch, done))

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        room = self._most
        while self._waiting:
            if self._waiting[0].outputs.done():  # Cancelled: its request ran out of time.
                self._waiting.popleft()
                continue
            room -= len(self._waiting[0].records)
            if room < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _run_batch(self, records: Sequence[Array]) -> Array:
        return self._run(records[0] if len(records) == 1 else np.concatenate(records))

    def _finish(self, batch: Sequence[_Waiting], done: asyncio.Future[Array]) -> None:
        self._busy = False
        self._start()
        error = done.exception()
        start = 0
        for each in batch:
            end = start + len(each.records)
            if each.outputs.done():
                pass
            elif error is None:
                each.outputs.set_result(done.result()[start:end])
            else:
                each.outputs.set_exception(error)
            start = end
