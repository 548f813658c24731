"""What a data set holds, record by record, before anything is decoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automap.data.decode import image_header
from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, Dataset, Record

FORMAT = 1
"""Changes when the same records would be cached differently."""

PROBED = 1000
"""Headers that are read to learn size and channels."""

NATIVE_SIDE = 256
"""Images that are all of one size keep it up to this."""
SIDES = (32, 48, 64, 96, 128, 160, 192, 224)
"""Sizes for images that differ, or are larger."""


@dataclass
class Listing:
    """The records of a data set in their order, and what was found that is none."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    shape: tuple[int, int, int] = (0, 0, 0)
    """Height, width and channels after decoding."""
    fingerprint: str = ""
    """Of the records and of how they are decoded."""


def list_records(dataset: Dataset) -> Listing:
    """List a data set and decide on the shape of its decoded records.

    Raises:
        DataError: if it is missing or holds no record.
    """
    listing = Listing()
    digest = hashlib.sha256(json.dumps([FORMAT, dataset.resize]).encode())
    for record in dataset.records():
        if isinstance(record, BadRecord):
            listing.bad.append(record)
            digest.update(repr(tuple(record)).encode())
            continue
        listing.records.append(record)
        digest.update(repr((record.name, record.target, record.group, record.split, _version(record))).encode())
    if not listing.records:
        reasons = "; ".join(f"{bad.name}: {bad.reason}" for bad in listing.bad[:5])
        raise DataError(f"the data set has no images{f' ({reasons})' if reasons else ''}; see: automap check SPEC")
    listing.shape = _shape(dataset, listing.records)
    digest.update(repr(listing.shape).encode())
    listing.fingerprint = digest.hexdigest()
    return listing


def _version(record: Record) -> str:
    if record.version:
        return record.version
    content = record.image.tobytes() if isinstance(record.image, np.ndarray) else str(record.image).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _shape(dataset: Dataset, records: Sequence[Record]) -> tuple[int, int, int]:
    size, channels = dataset.image_size, dataset.channels
    if size is None or channels is None:
        step = max(1, len(records) // PROBED)
        headers = [header for record in records[::step] if (header := image_header(record.image)) is not None]
        size = size or _fitting_size(headers)
        channels = channels or (1 if headers and all(header[2] == 1 for header in headers) else 3)
    height, width = (size, size) if isinstance(size, int) else size
    return height, width, channels


def _fitting_size(headers: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    sizes = {header[:2] for header in headers}
    if len(sizes) == 1 and min(min(sizes)) >= 8 and max(max(size) for size in sizes) <= NATIVE_SIDE:
        return next(iter(sizes))
    short = float(np.median([min(header[:2]) for header in headers])) if headers else 0.0
    side = max((side for side in SIDES if side <= short), default=SIDES[0])
    return side, side


def target_names(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the classes in their order: numbers as numbers, all else by name."""
    names: set[Any] = {str(record.target) for record in records}
    numbers = all(name.isdecimal() for name in names)
    return tuple(sorted(names, key=int if numbers else str))
