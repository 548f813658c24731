"""The decode-once cache: uint8 records of one shape in memory-mapped shards.

A cache is built in a folder of its own, shard by shard, and renamed when it is whole: one that is not is never
read, and a build that was killed goes on with the first shard that is missing.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.decode import BadImage, Resize, decode
from automap.data.listing import Listing, target_names
from automap.exceptions import DataError, StorageError
from automap.spec.kinds import BadRecord, Record

Array = np.ndarray[Any, Any]
Progress = Callable[[int, int | None, str], None]

SHARD_BYTES = 64 * 2**20
"""Size of a shard, about; so much is decoded again, at most, after a build was killed."""
CHUNK = 32
"""Images that are handed to a decoding process at one time."""
PARALLEL_FROM = 500
"""Files below this number are decoded by the process itself: starting others takes longer."""
_NO_ROOM = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.ENOTDIR,
    errno.EEXIST,
}
SPLIT_CODES = {None: -1, "train": 0, "validation": 1, "test": 2}


def cache_directory() -> Path:
    """Return where decoded data sets are kept: ``$AUTOMAP_CACHE``, else the user's cache folder."""
    if named := os.environ.get("AUTOMAP_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "automap"


@dataclass(frozen=True)
class Cache:
    """A data set decoded, on disk."""

    path: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the manifest says: shape, classes, number of records, bad records."""
        found: dict[str, Any] = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def targets(self) -> Array:
        """Class of each record, ``(records,)`` int32."""
        return np.asarray(np.load(self.path / "targets.npy"))

    @cached_property
    def hashes(self) -> Array:
        """Hash of each record's pixels, ``(records,)`` uint64."""
        return np.asarray(np.load(self.path / "hashes.npy"))

    @cached_property
    def groups(self) -> Array:
        """Group of each record, ``(records,)`` int64; -1 for none."""
        return np.asarray(np.load(self.path / "groups.npy"))

    @cached_property
    def given(self) -> Array:
        """Split that the data set assigns to each record, as `SPLIT_CODES`, ``(records,)`` int8."""
        return np.asarray(np.load(self.path / "given.npy"))

    @cached_property
    def names(self) -> list[str]:
        """Name of each record."""
        return list(json.loads((self.path / "names.json").read_text(encoding="utf-8")))

    @cached_property
    def bad(self) -> tuple[BadRecord, ...]:
        """What cannot be used, with its reason."""
        return tuple(BadRecord(*entry) for entry in self.about["bad"])

    @cached_property
    def _shards(self) -> list[Array]:
        return [np.load(file, mmap_mode="r") for file in sorted(self.path.glob("images-*.npy"))]

    @cached_property
    def _starts(self) -> Array:
        return np.cumsum([0, *(len(shard) for shard in self._shards)])

    @property
    def nbytes(self) -> int:
        """Size of the decoded images in bytes."""
        return sum(shard.nbytes for shard in self._shards)

    def images(self, records: Array) -> Array:
        """Return decoded images ``(records, height, width, channels)``, uint8, in the order asked for."""
        if len(self._shards) == 1:
            return np.asarray(self._shards[0][records])
        images = np.empty((len(records), *self.about["shape"]), np.uint8)
        shard_of = np.searchsorted(self._starts, records, side="right") - 1
        for shard in np.unique(shard_of):
            wanted = np.flatnonzero(shard_of == shard)
            # Ascending order reads the shard forwards.
            wanted = wanted[np.argsort(records[wanted], kind="stable")]
            images[wanted] = self._shards[shard][records[wanted] - self._starts[shard]]
        return images


def open_cache(root: Path, fingerprint: str) -> Cache | None:
    """Return a cache that is whole, None if there is none."""
    path = root / fingerprint[:40]
    return Cache(path) if (path / "manifest.json").exists() else None


def build_cache(root: Path, listing: Listing, resize: Resize, progress: Progress) -> Cache:
    """Decode a data set, or wait for the process that is doing it, and return its cache.

    Args:
        root: folder of all caches.
        listing: the records.
        resize: how images of another shape are fitted.
        progress: called with records done, records in all, and what is being done.

    Raises:
        DataError: if no image can be decoded.
        StorageError: if the disk is full or the folder cannot be written.
    """
    with _space_errors(root, listing), _lock(root, listing.fingerprint):
        if (found := open_cache(root, listing.fingerprint)) is not None:
            return found
        building = root / f"{listing.fingerprint[:40]}.building"
        building.mkdir(exist_ok=True)
        with _decoders(listing) as pool:
            for shard, records in enumerate(_shards_of(listing)):
                _build_shard(building, shard, records, listing, resize, pool)
                progress(
                    min(len(listing.records), (shard + 1) * _shard_records(listing)),
                    len(listing.records),
                    "decoding",
                )
        _finish(building, listing)
        building.rename(root / listing.fingerprint[:40])
    return Cache(root / listing.fingerprint[:40])


def _shard_records(listing: Listing) -> int:
    return max(CHUNK, SHARD_BYTES // math.prod(listing.shape))


def _shards_of(listing: Listing) -> Iterator[Sequence[Record]]:
    size = _shard_records(listing)
    for start in range(0, len(listing.records), size):
        yield listing.records[start : start + size]


def _decoders(listing: Listing) -> Any:
    files = sum(1 for record in listing.records if not isinstance(record.image, np.ndarray))
    if files < PARALLEL_FROM:
        return nullcontext(None)
    # Forked copies of a process with threads can hang; these start afresh and import what decodes.
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let a decoding process end when the one that started it is killed; it would wait for work forever."""

    def watch() -> None:
        if (parent := parent_process()) is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _build_shard(
    building: Path,
    shard: int,
    records: Sequence[Record],
    listing: Listing,
    resize: Resize,
    pool: Executor | None,
) -> None:
    done = building / f"part-{shard:05d}.json"
    if done.exists():
        return
    images = [record.image for record in records]
    chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
    results = (pool.map if pool else map)(decode_chunk, chunks, [listing.shape] * len(chunks), [resize] * len(chunks))
    found = [result for chunk in results for result in chunk]
    good = [index for index, result in enumerate(found) if isinstance(result, np.ndarray)]
    pixels = np.stack([found[index] for index in good]) if good else np.empty((0, *listing.shape), np.uint8)
    _write_array(building / f"images-{shard:05d}.npy", pixels)
    part = {
        "good": good,
        "hashes": [_hash(image) for image in pixels],
        "bad": [(records[i].name, result) for i, result in enumerate(found) if isinstance(result, str)],
    }
    _write_text(done, json.dumps(part))


def decode_chunk(
    images: Sequence[Path | bytes | Array], shape: tuple[int, int, int], resize: Resize
) -> list[Array | str]:
    """Decode some images; what cannot be decoded becomes its reason. Runs in a process of its own."""
    decoded: list[Array | str] = []
    for image in images:
        try:
            decoded.append(decode(image, shape, resize))
        except BadImage as error:
            decoded.append(str(error))
    return decoded


def _hash(image: Array) -> int:
    return int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest(), "little")


def _finish(building: Path, listing: Listing) -> None:
    parts = [json.loads(file.read_text()) for file in sorted(building.glob("part-*.json"))]
    shards = list(_shards_of(listing))
    good = [shard[index] for shard, part in zip(shards, parts, strict=True) for index in part["good"]]
    bad = [*listing.bad, *(BadRecord(*entry) for part in parts for entry in part["bad"])]
    if not good:
        shutil.rmtree(building)
        first = "; ".join(f"{record.name}: {record.reason}" for record in bad[:5])
        raise DataError(f"none of the {len(bad)} files is an image that can be used ({first})")
    classes = target_names(good)
    codes = {name: code for code, name in enumerate(classes)}
    groups = {name: code for code, name in enumerate(dict.fromkeys(record.group for record in good))}
    columns: dict[str, Array] = {
        "targets": np.array([codes[str(record.target)] for record in good], np.int32),
        "hashes": np.array([value for part in parts for value in part["hashes"]], np.uint64),
        "groups": np.array([-1 if r.group is None else groups[r.group] for r in good], np.int64),
        "given": np.array([SPLIT_CODES[record.split] for record in good], np.int8),
    }
    for name, column in columns.items():
        _write_array(building / f"{name}.npy", column)
    _write_text(building / "names.json", json.dumps([record.name for record in good], ensure_ascii=False))
    about = {
        "shape": listing.shape,
        "classes": classes,
        "records": len(good),
        "bad": [tuple(entry) for entry in bad],
    }
    _write_text(building / "manifest.json", json.dumps(about, ensure_ascii=False))


def _write_array(path: Path, array: Array) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, array)
    temporary.rename(path)


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(path)


@contextmanager
def _lock(root: Path, fingerprint: str) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{fingerprint[:40]}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _space_errors(root: Path, listing: Listing) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # NumPy reports what a full disk did not take without the number of an error.
        if error.errno is not None and error.errno not in _NO_ROOM:
            raise
        needed = len(listing.records) * math.prod(listing.shape) / 1e6
        raise StorageError(
            f"cache {root}: {error.strerror or 'the disk is full'}; the decoded data set needs {needed:,.0f} MB. "
            "Make room, or set AUTOMAP_CACHE to another folder; what is decoded already stays"
        ) from None
