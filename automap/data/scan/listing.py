"""Listing a data set in one pass, before anything is decoded."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.columns.cells import image_names
from automap.data.scan.notices import NoticeCounts
from automap.data.scan.record_format import find_format
from automap.data.scan.reservoir import Reservoir
from automap.data.sources.files import file_version
from automap.data.targets import target_kind
from automap.data.targets.kind import TargetKind
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import IMAGE, BadSample, ExtraInput, ImageSource, Notice, Sample

Progress = Callable[[int, int | None, str], None]
"""Called with the number of samples done, their total (None if unknown), and the current activity."""

FORMAT = 6
"""Increased when the same samples would be cached differently."""

TOLD_EVERY = 1000
"""Samples between two progress reports."""
PROBED = 1000
"""Samples whose headers are read to find size, channels and type."""


@dataclass(frozen=True)
class Listing:
    """The result of one pass over a data set."""

    dataset: Dataset
    count: int
    """Number of samples, including those that cannot be decoded."""
    encoded: int
    """Number of samples that are files or encoded images, not arrays."""
    digest: str
    """Digest of all samples."""
    sample: tuple[Sample, ...] = field(repr=False)
    """Some of the samples, the same for the same data set."""
    notices: tuple[str, ...] = ()
    """What the data set left out or changed, one line for each kind."""

    @property
    def fingerprint(self) -> str:
        """Digest of all samples and of how they are decoded: the key of the cache."""
        data = self.dataset
        decoding = [FORMAT, self.digest, data.target, data.image_size, data.channels, data.resize]
        decoding += [data.bit_depth, data.value_range]
        # Only some kinds of target add to the key.
        if self.kind.in_image:
            decoding += [self.kind.classes, self.kind.scale]
        if self.kind.version:
            decoding.append(self.kind.version)
        if self.extra_inputs:
            decoding.append([(each.name, each.kind) for each in self.extra_inputs])
        return hashlib.sha256(json.dumps(decoding).encode()).hexdigest()

    @cached_property
    def kind(self) -> TargetKind:
        """Kind of the targets."""
        return target_kind(self.dataset)

    @property
    def extra_inputs(self) -> tuple[ExtraInput, ...]:
        """The inputs beside the image."""
        return self.dataset.extra_inputs

    @property
    def record_bytes(self) -> int:
        """Size of a decoded record: its images, and its target if that is pixels."""
        images = 1 + len(image_names(self.extra_inputs))
        pixels = images * math.prod(self.format.shape) * self.format.bit_depth // 8
        return pixels + (math.prod(self.kind.shape(self.format.shape)) if self.kind.pixels else 0)

    @cached_property
    def format(self) -> ImageInfo:
        """The format of records; whatever the spec leaves open is found in the sample."""
        return find_format(self.dataset, self.sample)


class RecordPass:
    """One pass over a data set that keeps only a digest and the bad samples.

    Args:
        dataset: the data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._digest = hashlib.sha256()
        self.bad: list[BadSample] = []
        self.notices = NoticeCounts()

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in order; bad samples are collected in `bad`."""
        for record in self._dataset.samples():
            if isinstance(record, Notice):
                self.notices.add(record)
            elif isinstance(record, BadSample):
                self.bad.append(record)
                self._digest.update(repr(tuple(record)).encode())
            else:
                described = (record.name, _described(record.target), record.group, record.split, _version(record))
                # Only data sets with several inputs add to the digest.
                extra = tuple(_described(value) for name, value in record.inputs.items() if name != IMAGE)
                self._digest.update(repr(described + extra).encode())
                yield record

    @property
    def digest(self) -> str:
        """Digest of the samples so far."""
        return self._digest.hexdigest()


def list_records(dataset: Dataset, progress: Progress) -> Listing:
    """Count the samples of a data set and keep some of them.

    Args:
        dataset: the data set.
        progress: called with the number of samples found, None and the activity.

    Raises:
        DataError: if it is missing or empty.
    """
    records, sample = RecordPass(dataset), Reservoir(PROBED)
    count = encoded = 0
    progress(0, None, "listing")
    for record in records:
        count += 1
        if count % TOLD_EVERY == 0:
            progress(count, None, "listing")
        encoded += not isinstance(record.image, np.ndarray)
        sample.add(record)
    if not count:
        raise DataError(f"the data set has no images{_reasons(records.bad)}")
    return Listing(dataset, count, encoded, records.digest, tuple(sample.samples), records.notices.lines())


def _reasons(bad: Sequence[BadSample]) -> str:
    """Return why samples cannot be used, by reason with its count and the first of them; empty if there are none."""
    first: dict[str, BadSample] = {}
    for each in bad:
        first.setdefault(each.reason, each)
    counts = Counter(each.reason for each in bad)
    told = [f"{count:,} × {reason} ({_example(first[reason])})" for reason, count in counts.most_common(5)]
    return f": {'; '.join(told)}" if told else ""


def _example(bad: BadSample) -> str:
    return f"{bad.name}: {bad.detail}" if bad.detail else bad.name


def _version(record: Sample) -> str:
    if record.version:
        return record.version
    return _content_version(record.image)


def _described(target: Any) -> Any:
    """Return what to digest of a target: the target itself, or the version of an image."""
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
