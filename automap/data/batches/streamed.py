"""Batches of records that are read from disk in the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from automap.interfaces.array import Array

Batch = dict[str, Any]

READERS = 2
"""Windows that are read in parallel; at most two more are in memory."""


class StreamedBatches:
    """The batches of an epoch, read window by window.

    Args:
        inputs: returns the inputs of some records, by name; called in threads.
        targets: returns the targets of some records; called in threads.
        batches: the records of each batch, ``(steps, batch)``.
        window: batches that are read together, in ascending order of their records.
    """

    def __init__(
        self,
        inputs: Callable[[Array], dict[str, Array]],
        targets: Callable[[Array], Array],
        batches: Array,
        window: int,
    ) -> None:
        self._inputs, self._targets, self._batches, self._window = inputs, targets, batches, window

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        """Yield each batch, ``{"inputs": by name, "targets": as stored}``."""
        starts = iter(range(0, len(self._batches), self._window))
        pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        try:
            ahead: deque[Future[list[Batch]]] = deque()
            for start in starts:
                ahead.append(pool.submit(self._read, start))
                if len(ahead) > READERS:
                    yield from _emptied(ahead.popleft().result())
            while ahead:
                yield from _emptied(ahead.popleft().result())
        finally:
            # Leaving in the middle of an epoch does not wait for reads.
            pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, start: int) -> list[Batch]:
        rows = self._batches[start : start + self._window]
        flat = rows.reshape(-1)
        inputs, targets = self._inputs(flat), self._targets(flat)
        parts = (slice(first, first + rows.shape[1]) for first in range(0, len(flat), rows.shape[1]))
        return [
            {"inputs": {name: values[part] for name, values in inputs.items()}, "targets": targets[part]}
            for part in parts
        ]


def _emptied(batches: list[Batch]) -> Iterator[Batch]:
    # Releases a window with its last batch.
    batches.reverse()
    while batches:
        yield batches.pop()
