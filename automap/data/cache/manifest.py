"""The manifest of a cache: written last, with a checksum of every file and of itself."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from automap.interfaces.sample import BadSample

FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
"""A file name without a path."""
_BLOCK = 2**22


class Manifest(BaseModel):
    """A decoded data set: its records, what could not be decoded, and its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: dict[FileName, NonNegativeInt]
    """Size of each file in bytes."""
    checksums: dict[FileName, NonNegativeInt]
    """CRC-32 of each file."""
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
    """Return the CRC-32 of a file.

    Raises:
        OSError: if it cannot be read.
    """
    found = 0
    with file.open("rb", buffering=0) as content:
        while block := content.read(_BLOCK):
            found = zlib.crc32(block, found)
    return found
