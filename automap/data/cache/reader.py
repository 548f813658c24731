"""The decode-once cache as it is read: records of one shape in memory-mapped shards."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from automap.data.cache.shards import Shards
from automap.data.targets.kind import Values
from automap.exceptions import StorageError
from automap.interfaces.array import Array
from automap.interfaces.sample import BadSample

MANIFEST_FILE = "manifest.json"
"""Written last: a cache that has it is whole."""


def cache_directory() -> Path:
    """Return where decoded data sets are kept: ``$AUTOMAP_CACHE``, else the user's cache folder."""
    if named := os.environ.get("AUTOMAP_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "automap"


def cache_path(root: Path, fingerprint: str) -> Path:
    """Return the folder of the cache with a fingerprint, there or not."""
    return root / fingerprint[:40]


class Names(Sequence[str]):
    """Names of records, read from disk one by one: a million of them as objects would take 100 MB.

    Args:
        folder: of the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._text = np.memmap(folder / "names.bin", np.uint8, mode="r")
        self._ends = np.load(folder / "name_ends.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        start = int(self._ends[place - 1]) if place else 0
        return bytes(self._text[start : int(self._ends[place])]).decode("utf-8")


@dataclass(frozen=True)
class Cache:
    """A data set decoded, on disk."""

    path: Path
    about: dict[str, Any] = field(repr=False)
    """What the manifest says: shape, records of each shard, classes, what is bad."""

    @property
    def records(self) -> int:
        """Number of records."""
        return sum(self.about["shards"])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each record."""
        height, width, channels = self.about["shape"]
        return height, width, channels

    @property
    def bit_depth(self) -> Literal[8, 16]:
        """Bits of each channel."""
        depth: Literal[8, 16] = self.about["bit_depth"]
        return depth

    @property
    def source_range(self) -> tuple[float, float] | None:
        """The source values that are stored as 0 and as the largest pixel value; None if stored as they are."""
        found = self.about["source_range"]
        return None if found is None else (found[0], found[1])

    @property
    def display_range(self) -> tuple[float, float] | None:
        """Smallest and largest pixel value of all records of 16 bits; None of 8 bits."""
        low, high = self.about["pixel_range"]
        return (float(low), float(high)) if self.bit_depth == 16 and high > low else None

    @property
    def nbytes(self) -> int:
        """Size of the decoded images, and of targets that are pixels, in bytes."""
        lying = self.targets.shape[1:] if isinstance(self.targets, Shards) else (0,)
        return self.records * (math.prod(self.shape) * self.bit_depth // 8 + math.prod(lying))

    @cached_property
    def targets(self) -> Values:
        """Target of each record, in the form that its kind has; class numbers ``(records,)`` int32 for labels."""
        if target_path(self.path, 0).name in self.about["files"]:
            return self._shards(target_path)
        return np.asarray(np.load(self.path / "targets.npy"))

    @cached_property
    def hashes(self) -> Array:
        """Hash of each record's pixels, ``(records,)`` uint64."""
        return np.asarray(np.load(self.path / "hashes.npy"))

    @cached_property
    def groups(self) -> Array:
        """Hash of each record's group, ``(records,)`` int64; -1 for none."""
        return np.asarray(np.load(self.path / "groups.npy"))

    @cached_property
    def given(self) -> Array:
        """Split that the data set assigns to each record, as `SPLIT_CODES`, ``(records,)`` int8."""
        return np.asarray(np.load(self.path / "given.npy"))

    @property
    def moments(self) -> Array:
        """Sums of each record's channels, then of their squares, ``(records, 2, channels)`` int64, on disk."""
        return np.asarray(np.load(self.path / "moments.npy", mmap_mode="r"))

    @cached_property
    def names(self) -> Names:
        """Name of each record."""
        return Names(self.path)

    @cached_property
    def bad(self) -> tuple[BadSample, ...]:
        """What cannot be used, with its reason."""
        return tuple(BadSample(*entry) for entry in self.about["bad"])

    @cached_property
    def _images(self) -> Shards:
        return self._shards(shard_path)

    def _shards(self, path: Callable[[Path, int], Path]) -> Shards:
        counts = self.about["shards"]
        return Shards([path(self.path, number) for number in range(len(counts))], counts)

    def images(self, records: Array) -> Array:
        """Return decoded images ``(records, height, width, channels)``, uint8 or uint16, in the order asked for."""
        return self._images[records]


def shard_path(folder: Path, number: int) -> Path:
    """Return the file of a shard's images."""
    return folder / f"images-{number:05d}.npy"


def target_path(folder: Path, number: int) -> Path:
    """Return the file of a shard's targets, where they are pixels."""
    return folder / f"targets-{number:05d}.npy"


def open_cache(root: Path, fingerprint: str) -> Cache | None:
    """Return a cache that is whole, None if there is none.

    Raises:
        StorageError: if files of it were taken away or cut since it was written.
    """
    path = cache_path(root, fingerprint)
    try:
        about = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    for name, size in about["files"].items():
        file = path / name
        if not file.exists() or file.stat().st_size != size:
            raise _damaged(path, f"{name} is missing or has another size")
    return Cache(path, about)


def _damaged(path: Path, reason: str) -> StorageError:
    return StorageError(f"cache {path}: {reason}; delete that folder, and the data set is decoded again")
