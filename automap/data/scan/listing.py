"""What a data set holds, found in one pass that keeps no record, before anything is decoded."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.decode.image import image_header
from automap.data.scan.notices import NoticeCounts
from automap.data.sources.files import file_version
from automap.data.targets import target_kind
from automap.data.targets.kind import TargetKind
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, ImageSource, Notice, Sample

Progress = Callable[[int, int | None, str], None]
"""Takes records done, records in all (None while it is not known), and what is being done."""

FORMAT = 2
"""Changes when the same records would be cached differently."""

TOLD_EVERY = 1000
"""Records between two reports of progress."""
PROBED = 1000
"""Headers that are read to learn size and channels."""

NATIVE_SIDE = 256
"""Images that are all of one size keep it up to this."""
SIDES = (32, 48, 64, 96, 128, 160, 192, 224)
"""Sizes for images that differ, or are larger."""


@dataclass(frozen=True)
class Listing:
    """What one pass over a data set's records found."""

    dataset: Dataset
    count: int
    """Records, those that may turn out to be damaged included."""
    encoded: int
    """Those of them that are files or encoded images, not pixels."""
    digest: str
    """Of every record."""
    sample: tuple[Sample, ...] = field(repr=False)
    """Some of the records, the same for the same data set."""
    notices: tuple[str, ...] = ()
    """What the data set left out or changed, one line for each kind."""

    @property
    def fingerprint(self) -> str:
        """Of every record and of how they are decoded; the key of the cache."""
        data = self.dataset
        decoding = [FORMAT, self.digest, data.target, data.image_size, data.channels, data.resize]
        # What other kinds of target add leaves the key of class names as it was.
        if self.kind.in_image:
            decoding += [self.kind.classes, self.kind.scale]
        return hashlib.sha256(json.dumps(decoding).encode()).hexdigest()

    @cached_property
    def kind(self) -> TargetKind:
        """What is done with the targets."""
        return target_kind(self.dataset)

    @property
    def record_bytes(self) -> int:
        """Size of a decoded record with a target that is pixels."""
        return math.prod(self.shape) + (math.prod(self.kind.shape(self.shape)) if self.kind.pixels else 0)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels after decoding; what the spec leaves open is found in the sample's headers."""
        size, channels = self.dataset.image_size, self.dataset.channels
        if size is None or channels is None:
            headers = [header for record in self.sample if (header := image_header(record.image)) is not None]
            size = size or _fitting_size(headers)
            channels = channels or (1 if headers and all(header[2] == 1 for header in headers) else 3)
        height, width = (size, size) if isinstance(size, int) else size
        return height, width, channels


class RecordPass:
    """One pass over a data set, record by record; nothing is kept but a digest and what is bad.

    Args:
        dataset: the data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._digest = hashlib.sha256()
        self.bad: list[BadSample] = []
        self.notices = NoticeCounts()

    def __iter__(self) -> Iterator[Sample]:
        """Yield the records in their order; what is bad goes to `bad`."""
        for record in self._dataset.samples():
            if isinstance(record, Notice):
                self.notices.add(record)
            elif isinstance(record, BadSample):
                self.bad.append(record)
                self._digest.update(repr(tuple(record)).encode())
            else:
                described = (record.name, _described(record.target), record.group, record.split, _version(record))
                self._digest.update(repr(described).encode())
                yield record

    @property
    def digest(self) -> str:
        """Of what was seen so far."""
        return self._digest.hexdigest()


def list_records(dataset: Dataset, progress: Progress) -> Listing:
    """Count a data set's records and keep a sample of them.

    Args:
        dataset: the data set.
        progress: called with records found, None as nobody knows how many there are, and what is being done.

    Raises:
        DataError: if it is missing or holds no record.
    """
    records, sample = RecordPass(dataset), _Sample(PROBED)
    count = encoded = 0
    progress(0, None, "listing")
    for record in records:
        count += 1
        if count % TOLD_EVERY == 0:
            progress(count, None, "listing")
        encoded += not isinstance(record.image, np.ndarray)
        sample.add(record)
    if not count:
        reasons = "; ".join(f"{bad.name}: {bad.reason}" for bad in records.bad[:5])
        raise DataError(f"the data set has no images{f' ({reasons})' if reasons else ''}; see: automap check SPEC")
    return Listing(dataset, count, encoded, records.digest, tuple(sample.records), records.notices.lines())


def _version(record: Sample) -> str:
    if record.version:
        return record.version
    return _content_version(record.image)


def _described(target: Any) -> Any:
    """Return what stands for a target: itself, or the version of one that is an image."""
    if isinstance(target, Path | bytes | np.ndarray | ImageSource):
        return _content_version(target)
    return target


def _content_version(image: Path | bytes | Array | ImageSource) -> str:
    if isinstance(image, ImageSource):
        return image.version
    if isinstance(image, Path):
        try:
            return file_version(image)
        except OSError as error:
            return f"unreadable: {error.strerror}"
    content = image.tobytes() if isinstance(image, np.ndarray) else image
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class _Sample:
    """Keeps a uniform sample of records, the same for the same records, however many there are."""

    def __init__(self, size: int) -> None:
        self.records: list[Sample] = []
        self._size, self._seen = size, 0
        self._random = random.Random(0)

    def add(self, record: Sample) -> None:
        self._seen += 1
        if len(self.records) < self._size:
            self.records.append(record)
        elif (place := int(self._random.random() * self._seen)) < self._size:
            self.records[place] = record


def _fitting_size(headers: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    sizes: set[Any] = {header[:2] for header in headers}
    if len(sizes) == 1 and min(min(sizes)) >= 8 and max(max(sizes)) <= NATIVE_SIDE:
        height, width = sizes.pop()
        return height, width
    short = float(np.median([min(header[:2]) for header in headers])) if headers else 0.0
    side = max((side for side in SIDES if side <= short), default=SIDES[0])
    return side, side
