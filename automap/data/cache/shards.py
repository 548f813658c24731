"""Several memory-mapped arrays as one array."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from automap.interfaces.array import Array


class Shards:
    """An array whose rows are in several files.

    Args:
        paths: the files, one or more.
        counts: rows of each.
        verify: called with the name of a file before its first use; raises if it is damaged.
    """

    def __init__(self, paths: Sequence[Path], counts: Sequence[int], verify: Callable[[str], None]) -> None:
        self._paths, self._counts, self._verify = paths, counts, verify
        self._opened: dict[int, Any] = {}

    def __len__(self) -> int:
        return int(sum(self._counts))

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, then the shape of one."""
        return len(self), *self._shard(0).shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        found: np.dtype[Any] = self._shard(0).dtype
        return found

    def __getitem__(self, rows: Array) -> Array:
        """Return rows, in the given order.

        Args:
            rows: indices, or a boolean mask.
        """
        rows = np.arange(len(self))[rows] if rows.dtype == bool else rows
        if len(self._paths) == 1:
            return self._read(0, rows)
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        shard_of = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shard_of).tolist():
            wanted = np.flatnonzero(shard_of == shard)
            # Ascending, so that the shard is read sequentially.
            wanted = wanted[np.argsort(rows[wanted], kind="stable")]
            found[wanted] = self._read(shard, rows[wanted] - self._starts[shard])
        return found

    def _read(self, number: int, rows: Array) -> Array:
        shard = self._shard(number)
        found = np.asarray(shard[rows])
        if hasattr(mmap, "MADV_DONTNEED"):
            # The pages stay in the page cache, but no longer count as memory of this process.
            shard._mmap.madvise(mmap.MADV_DONTNEED)
        return found

    @cached_property
    def _starts(self) -> Array:
        return np.cumsum([0, *self._counts])

    def _shard(self, number: int) -> Any:
        if number not in self._opened:
            self._verify(self._paths[number].name)
            self._opened[number] = np.load(self._paths[number], mmap_mode="r")
        return self._opened[number]
