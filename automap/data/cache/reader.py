"""Reading the decode-once cache: records of one shape in memory-mapped shards."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np

from automap.data.cache.manifest import Manifest, parse_manifest
from automap.data.cache.shards import Shards
from automap.data.cache.verify import Verifier, damaged
from automap.data.columns.cells import Texts, open_cells
from automap.data.targets.kind import Values
from automap.interfaces.array import Array
from automap.interfaces.sample import ExtraInput

MANIFEST_FILE = "manifest.json"
"""Written last: a cache with a manifest is complete."""


def cache_directory() -> Path:
    """Return the folder of all caches: ``$AUTOMAP_CACHE``, else the user's cache folder."""
    if named := os.environ.get("AUTOMAP_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "automap"


def cache_path(root: Path, fingerprint: str) -> Path:
    """Return the folder of the cache with a fingerprint, whether it exists or not."""
    return root / fingerprint[:40]


class Names(Sequence[str]):
    """Names of records, read from disk on access: as objects, a million would take 100 MB.

    Args:
        folder: the folder of the cache.
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
    """A decoded data set on disk."""

    path: Path
    manifest: Manifest = field(repr=False)
    verifier: Verifier = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """The fingerprint of the samples and of how they were decoded: the name of the folder."""
        return self.path.name

    @property
    def records(self) -> int:
        """Number of records."""
        return sum(self.manifest.shards)

    @property
    def display_range(self) -> tuple[float, float] | None:
        """Smallest and largest pixel value of all records of 16 bits; None of 8 bits."""
        low, high = self.manifest.pixel_range
        return (float(low), float(high)) if self.manifest.bit_depth == 16 and high > low else None

    @property
    def nbytes(self) -> int:
        """Size of the decoded images, and of targets that are pixels, in bytes."""
        lying = self.targets.shape[1:] if isinstance(self.targets, Shards) else (0,)
        pixels = math.prod(self.manifest.shape) * self.manifest.bit_depth // 8
        return self.records * (pixels + math.prod(lying))

    @cached_property
    def targets(self) -> Values:
        """Target of each record, as its kind stores it: class indices ``(records,)`` int32 for labels."""
        if target_path(self.path, 0).name in self.manifest.files:
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

    def cells(self, inputs: Sequence[ExtraInput]) -> dict[str, Array | Texts]:
        """Return the cells of the data set's columns by the name of their input."""
        return open_cells(self.path, inputs)

    def further_images(self, records: Array) -> Array:
        """Return the images beside the first, ``(records, images, height, width, channels)``, in the given order."""
        return self._further[records]

    @cached_property
    def _further(self) -> Shards:
        return self._shards(further_path)

    @cached_property
    def _images(self) -> Shards:
        return self._shards(shard_path)

    def _shards(self, path: Callable[[Path, int], Path]) -> Shards:
        counts = self.manifest.shards
        return Shards([path(self.path, number) for number in range(len(counts))], counts, self.verifier.check)

    def images(self, records: Array) -> Array:
        """Return decoded images ``(records, height, width, channels)``, uint8 or uint16, in the given order."""
        return self._images[records]


def shard_path(folder: Path, number: int) -> Path:
    """Return the file of the images of a shard."""
    return folder / f"images-{number:05d}.npy"


def target_path(folder: Path, number: int) -> Path:
    """Return the file of the targets of a shard, if they are pixels."""
    return folder / f"targets-{number:05d}.npy"


def further_path(folder: Path, number: int) -> Path:
    """Return the file of a shard's images beside the first, if the data set has several."""
    return folder / f"further-{number:05d}.npy"


def open_cache(root: Path, fingerprint: str) -> Cache | None:
    """Return a complete cache, None if there is none.

    All files but the shards of pixels are verified; a shard is verified before its first use.

    Raises:
        StorageError: if files of it were removed or damaged since it was written.
    """
    path = cache_path(root, fingerprint)
    try:
        manifest = parse_manifest((path / MANIFEST_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise damaged(path, f"{MANIFEST_FILE}: {error}") from None
    verifier = Verifier(path, manifest)
    verifier.check_sizes()
    places = (shard_path, target_path, further_path)
    shards = {place(path, number).name for number in range(len(manifest.shards)) for place in places}
    for name in sorted(manifest.files.keys() - shards):
        verifier.check(name)
    return Cache(path, manifest, verifier)


def remove_cache(root: Path, fingerprint: str) -> None:
    """Delete a cache, complete or not; safe with processes that read it."""
    path = cache_path(root, fingerprint)
    (path / MANIFEST_FILE).unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(path.with_name(f"{path.name}.building"), ignore_errors=True)
