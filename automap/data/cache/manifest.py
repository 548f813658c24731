"""The manifest of a cache: written last, with a checksum of every file and of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError
from xxhash import xxh3_64

from automap.interfaces.sample import BadSample

FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
"""A file name without a path."""
_BLOCK = 2**19
"""Fits into a processor's cache, where hashing is as fast as reading."""


class Manifest(BaseModel):
    """A decoded data set: its records, what could not be decoded, and its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: dict[FileName, NonNegativeInt]
    """Size of each file in bytes."""
    checksums: dict[FileName, NonNegativeInt]
    """XXH3 of each file, 64 bits."""
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    """Height, width and channels of each record."""
    bit_depth: Literal[8, 16]
    source_range: tuple[float, float] | None
    """The source values that are stored as 0 and as the largest pixel value; None if pixels are stored as they are."""
    pixel_range: tuple[NonNegativeInt, NonNegativeInt]
    """Smallest and largest pixel value."""
    clipped_values: NonNegativeInt
    """Source values outside of `source_range`."""
    clipped_records: NonNegativeInt
    """Records with such values."""
    shards: tuple[NonNegativeInt, ...]
    """Records of each shard."""
    bad: tuple[BadSample, ...]
    classes: tuple[str, ...]
    lost_classes: tuple[str, ...]
    """Classes of the data set without a record."""
    notices: tuple[str, ...]
    """What the data set left out or changed, one line for each kind."""
    content: str
    """Digest of pixels, targets, groups and given splits: the same for a copy on another machine."""

    def to_json(self) -> str:
        """Return the text of the file."""
        return _Sealed(**dict(self), checksum=self.digest()).model_dump_json()

    def digest(self) -> str:
        """Return a digest of all fields."""
        fields = self.model_dump_json(include=set(Manifest.model_fields))
        return hashlib.sha256(fields.encode()).hexdigest()


class _Sealed(Manifest):
    checksum: str


def parse_manifest(content: str | bytes) -> Manifest:
    """Return the manifest that a file holds.

    Raises:
        ValueError: if the content is not a manifest, or was changed; with a text for the user.
    """
    try:
        sealed = _Sealed.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(": ".join([*map(str, first["loc"]), first["msg"]])) from None
    if sealed.digest() != sealed.checksum:
        raise ValueError("its checksum does not match")
    return Manifest(**sealed.model_dump(exclude={"checksum"}))


def checksum(file: Path) -> int:
    """Return the checksum of a file: XXH3, which takes a fifth of the time of a CRC-32.

    Raises:
        OSError: if it cannot be read.
    """
    found, block = xxh3_64(), bytearray(_BLOCK)
    with file.open("rb", buffering=0) as content, memoryview(block) as view:
        while count := content.readinto(block):
            found.update(view[:count])
    return found.intdigest()


def checksum_of(parts: Iterable[bytes | memoryview]) -> int:
    """Return the checksum of a file with this content."""
    found = xxh3_64()
    for part in parts:
        found.update(part)
    return found.intdigest()
