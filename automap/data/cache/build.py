"""Building the decode-once cache.

A cache is built in a temporary folder, shard by shard, and renamed when it is complete. A build that was killed resumes
with the first missing shard. Decoding lists the data set a second time, so that at most one shard is in memory.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from numpy.lib import format as npy_format

from automap.data.cache.content import content_digest
from automap.data.cache.manifest import Manifest, checksum, checksum_of
from automap.data.cache.reader import (
    MANIFEST_FILE,
    Cache,
    cache_path,
    further_path,
    open_cache,
    shard_path,
    target_path,
)
from automap.data.cache.shared import fetch
from automap.data.columns.cells import CellColumns, image_names
from automap.data.decode.parallel import Decoding, Outcome, decode_in_order, decoders, without_pixels
from automap.data.scan.listing import Listing, Progress, RecordPass
from automap.data.scan.notices import NoticeCounts
from automap.data.sources.features import MissingImage
from automap.data.splits.assign import SPLIT_CODES
from automap.exceptions import DataError, StorageError
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE, BadSample, Notice, Sample
from automap.store.atomic import sync_folder, write_atomically, write_text

SHARD_BYTES = 64 * 2**20
"""Approximate size of a shard: what is decoded again, at most, after a build was killed."""
SHARD_RECORDS = 16_384
"""Most records of a shard."""
MAY_BE_TURNED = (
    "images that EXIF turns, whose annotations are taken to be over the upright image because no size tells otherwise"
)
"""The notice of an image whose annotations may be over the stored pixels."""
_FULL_OR_FORBIDDEN = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST}
)


def build_cache(root: Path, listing: Listing, progress: Progress, shared: str | None = None) -> Cache:
    """Decode a data set, fetch its cache, or wait for the process that builds it; return the cache.

    Args:
        root: folder of all caches.
        listing: the result of a first pass over the data set.
        progress: called with records done, records in all, and what is being done.
        shared: URL where machines share their caches; None for none.

    Raises:
        DataError: if no image can be decoded, or the data set changes while it is decoded.
        StorageError: if the disk is full or the folder cannot be written.
        WorkerError: if a decoding process died.
    """
    path = cache_path(root, listing.fingerprint)
    with _space_errors(root, listing), _locked(path):
        if (found := open_cache(root, listing.fingerprint)) is not None:
            return found
        building = path.with_name(f"{path.name}.building")
        building.mkdir(exist_ok=True)
        if shared is None or not fetch(shared, path.name, building, progress):
            _build(building, listing, progress)
        shutil.rmtree(path, ignore_errors=True)
        building.rename(path)
        sync_folder(root)
        built = open_cache(root, listing.fingerprint)
        assert built is not None
        # Parts, and leftovers of killed processes.
        for file in path.iterdir():
            if file.name not in (MANIFEST_FILE, *built.manifest.files):
                file.unlink()
    return built


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other process of this machine builds this cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        yield


def _build(building: Path, listing: Listing, progress: Progress) -> None:
    records = RecordPass(listing.dataset)
    with (building / "names.bin").open("wb") as names, decoders(listing.encoded) as pool:
        columns = _Columns(listing, names)
        stream, size, done = iter(records), _shard_records(listing), 0
        for number in range(math.ceil(listing.count / size)):
            for chunk, part in _shard(building, number, islice(stream, size), columns, pool):
                columns.add(chunk, part)
                done += len(chunk)
                progress(done, listing.count, "decoding")
        changed = next(stream, None) is not None or records.digest != listing.digest
        names.flush()
        os.fsync(names.fileno())
    if changed:
        shutil.rmtree(building)
        raise DataError("the data set changed while it was decoded; run the command again")
    _finish(building, columns, records.bad, listing)


def _shard_records(listing: Listing) -> int:
    return max(1, min(SHARD_RECORDS, SHARD_BYTES // listing.record_bytes))


def _shard(
    building: Path, number: int, samples: Iterable[Sample], columns: _Columns, pool: Executor | None
) -> Iterator[tuple[list[Sample], Outcome]]:
    """Yield the samples of a shard with their outcome; decode and write the shard unless an earlier build has."""
    listing, checksums = columns.listing, columns.checksums
    known = building / f"part-{number:05d}.json"
    if (part := _known_part(building, known)) is not None:
        checksums.update(part["checksums"])
        yield [without_pixels(sample, listing.kind) for sample in samples], Outcome(**part["outcome"])
        return
    size, kind, record = _shard_records(listing), listing.kind, listing.format
    pixels = np.empty((size, *record.shape), record.dtype)
    targets = np.empty((size, *kind.shape(record.shape)), np.uint8) if kind.pixels else None
    images = image_names(listing.extra_inputs)
    further = np.empty((size if images else 0, len(images), *record.shape), record.dtype)
    whole, filled = Outcome(), 0
    for chunk, decoded in decode_in_order(pool, samples, Decoding(kind, record, images)):
        rows = slice(filled, filled + len(decoded.pixels))
        pixels[rows] = decoded.pixels
        if targets is not None and decoded.target_pixels is not None:
            targets[rows] = decoded.target_pixels
        if images:
            further[rows] = decoded.further
        filled = rows.stop
        whole.extend(decoded.outcome)
        yield chunk, decoded.outcome
    written = {shard_path(building, number): pixels[:filled]}
    if targets is not None:
        written[target_path(building, number)] = targets[:filled]
    if images:
        written[further_path(building, number)] = further[:filled]
    sums = {path.name: _write_array(path, values) for path, values in written.items()}
    checksums.update(sums)
    write_text(known, json.dumps({"checksums": sums, "outcome": vars(whole)}))


def _known_part(building: Path, file: Path) -> dict[str, Any] | None:
    """Return the outcome of a shard that an earlier build has written; None if there is none or it is damaged."""
    if not file.exists():
        return None
    try:
        part: dict[str, Any] = json.loads(file.read_text())
        intact = all(checksum(building / name) == known for name, known in part["checksums"].items())
    except (OSError, ValueError, KeyError):
        return None
    return part if intact else None


@dataclass
class _Columns:
    """What a cache stores about each record besides its pixels: tens of bytes in memory, names on disk."""

    listing: Listing
    names: BinaryIO
    bad: list[BadSample] = field(default_factory=list)
    shards: dict[int, int] = field(default_factory=dict)
    checksums: dict[str, int] = field(default_factory=dict)
    """Of the shards."""

    def __post_init__(self) -> None:
        self.targets = self.listing.kind.column()
        self.cells = CellColumns(self.listing.extra_inputs)
        self.hashes, self.groups, self.given = array("Q"), array("q"), array("b")
        self.moments, self.name_ends = array("q"), array("q")
        self._seen = 0
        self.low, self.high = self.listing.format.max_value, 0
        self.clipped_values = self.clipped_records = 0
        self.notices = NoticeCounts()

    def add(self, samples: list[Sample], outcome: Outcome) -> None:
        """Take the next samples, in their order."""
        faults, placed, turned = iter(outcome.bad), iter(outcome.placed), iter(outcome.may_be_turned)
        for sample, good in zip(samples, outcome.good, strict=True):
            shard = self._seen // _shard_records(self.listing)
            self.shards[shard] = self.shards.get(shard, 0) + good
            self._seen += 1
            self.targets.append(sample.target, next(placed, None) if good else None, usable=good)
            if good:
                self._add_good(sample)
                if next(turned, False):
                    self.notices.add(Notice(sample.name, MAY_BE_TURNED))
            else:
                self.bad.append(BadSample(sample.name, *next(faults)))
        self.hashes.extend(_distinct(outcome, samples))
        for sums in outcome.moments:
            self.moments.extend(sums)
        for low, high in outcome.extremes:
            self.low, self.high = min(self.low, low), max(self.high, high)
        self.clipped_values += sum(outcome.clipped)
        self.clipped_records += sum(map(bool, outcome.clipped))

    def _add_good(self, record: Sample) -> None:
        self.groups.append(-1 if record.group is None else _group_number(record.group))
        self.given.append(SPLIT_CODES[record.split])
        self.cells.append(record.inputs)
        written = self.names.write(record.name.encode("utf-8", "backslashreplace"))
        self.name_ends.append((self.name_ends[-1] if self.name_ends else 0) + written)

    def arrays(self) -> dict[str, Array]:
        """Return all columns but targets and names, by file name."""
        columns: dict[str, Array] = {
            name: np.frombuffer(values, values.typecode) if values else np.empty(0, values.typecode)
            for name, values in vars(self).items()
            if isinstance(values, array)
        }
        columns["moments"] = columns["moments"].reshape(-1, 2, self.listing.format.shape[2])
        return columns


def _distinct(outcome: Outcome, samples: list[Sample]) -> list[int]:
    """Return the hashes of pixels; of a sample without an image, that of its name: it duplicates no other."""
    good = (sample for sample, usable in zip(samples, outcome.good, strict=True) if usable)
    return [
        _group_number(sample.name) if isinstance(sample.inputs.get(IMAGE), MissingImage) else found
        for found, sample in zip(outcome.hashes, good, strict=True)
    ]


def _group_number(group: str) -> int:
    return int.from_bytes(hashlib.blake2b(group.encode(errors="backslashreplace"), digest_size=7).digest(), "little")


def _finish(building: Path, columns: _Columns, listed_bad: list[BadSample], listing: Listing) -> None:
    bad = [*listed_bad, *columns.bad]
    arrays = columns.arrays()
    if not len(arrays["hashes"]):
        shutil.rmtree(building)
        first = "; ".join(str(each) for each in bad[:5])
        raise DataError(f"could not read any of the {len(bad)} images ({first})")
    for name, column in arrays.items():
        _write_array(building / f"{name}.npy", column)
    classes, cells = columns.targets.write(building), columns.cells.write(building)
    written = [file for file in sorted(building.iterdir()) if file.suffix in (".npy", ".bin") and file.name[0] != "."]
    record = listing.format
    manifest = Manifest(
        files={file.name: file.stat().st_size for file in written},
        checksums={file.name: columns.checksums.get(file.name) or checksum(file) for file in written},
        shape=record.shape,
        bit_depth=record.bit_depth,
        source_range=record.source_range,
        pixel_range=(columns.low, columns.high),
        clipped_values=columns.clipped_values,
        clipped_records=columns.clipped_records,
        shards=tuple(columns.shards[number] for number in sorted(columns.shards)),
        bad=tuple(BadSample(*map(_valid_text, each)) for each in bad),
        notices=tuple(map(_valid_text, (*listing.notices, *columns.notices.lines()))),
        content=content_digest(building, record.shape, classes["classes"], arrays, cells),
        **classes,
    )
    write_text(building / MANIFEST_FILE, manifest.to_json())


def _valid_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _write_array(path: Path, values: Array) -> int:
    """Write an array as NumPy does, and return the checksum of the file."""
    header = BytesIO()
    npy_format.write_array_header_1_0(header, npy_format.header_data_from_array_1_0(values))
    parts: list[bytes | memoryview] = [
        header.getvalue(),
        np.ascontiguousarray(values).data.cast("B") if values.size else b"",
    ]
    write_atomically(path, lambda file: [file.write(part) for part in parts])
    return checksum_of(parts)


@contextmanager
def _space_errors(root: Path, listing: Listing) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # NumPy reports a full disk without an error number.
        if error.errno is not None and error.errno not in _FULL_OR_FORBIDDEN:
            raise
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise StorageError(f"cache {root} is not a folder; set AUTOMAP_CACHE to another one") from None
        needed = listing.count * listing.record_bytes / 1e6
        raise StorageError(
            f"cache {root}: {error.strerror or 'the disk is full'}; the decoded data set needs {needed:,.0f} MB. "
            "Free some space, or set AUTOMAP_CACHE to another folder; what is already decoded is kept"
        ) from None
