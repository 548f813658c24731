"""Base classes of the kinds of target."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from automap.data.decode.geometry import Geometry
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo, TargetInfo


class Values(Protocol):
    """Targets of all records: an array, or shards of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Records, then the shape of one target."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    def __len__(self) -> int:
        """Return the number of records."""

    def __getitem__(self, records: Array) -> Array:
        """Return the targets of the given records, in the given order."""


class ClassCounts(NamedTuple):
    """The classes of a data set."""

    classes: tuple[str, ...]
    counts: tuple[int, ...]
    """Training records of each class."""


class TargetColumn(Protocol):
    """Collects what a cache stores about targets, except their pixels, record by record."""

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the next record.

        Args:
            target: of the record as the data set gave it; None if it lies in the image.
            placed: the result of `TargetKind.describe`; None if the record is not usable, or the target is no place.
            usable: whether the record can be used; if not, only what its target adds to the whole data set counts.
        """

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the files and return the manifest entries ``classes`` and ``lost_classes``."""


@dataclass(frozen=True)
class TargetKind(ABC):
    """A kind of target; small, because it is sent to the decoding processes."""

    classes: tuple[str, ...] = ()
    """Class names that the data set declares."""
    names: tuple[str, ...] = ()
    """Names of the numbers."""
    scale: int = 1
    """Size of a target image relative to its input."""

    version: ClassVar[int] = 0
    """Changes when targets of this kind are stored differently."""
    fewest_classes: ClassVar[int] = 0
    """Smallest number of classes."""
    one_class: ClassVar[bool] = False
    """Whether each record has exactly one class."""
    in_image: ClassVar[bool] = False
    """Whether targets refer to positions in the image and are decoded with it."""
    pixels: ClassVar[bool] = False
    """Whether targets are pixels, stored in shards like images."""

    def shape(self, record: tuple[int, int, int]) -> tuple[int, ...]:
        """Return the shape of a target that is pixels, for records of the given shape."""
        return ()

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> Any:
        """Return a target in the coordinates of the record.

        Args:
            target: as the data set gave it.
            geometry: how the image was fitted into the record.
            record: what the record is like.

        Raises:
            BadImage: if it does not fit its image.
        """
        return None

    def may_be_turned(self, target: Any, geometry: Geometry) -> bool:
        """Return whether a target may have been drawn over an image as it is stored, before EXIF turns it.

        It is taken to be over the upright image wherever sizes do not tell.

        Args:
            target: as the data set gave it.
            geometry: how the image was fitted into the record.
        """
        return False

    def describe(self, placed: Any) -> Any:
        """Return the plain data about a placed target that the column collects."""
        return None

    @abstractmethod
    def column(self) -> TargetColumn:
        """Return an empty column."""

    def strata(self, folder: Path, values: Any) -> Array:
        """Return the stratum of each record, ``(records,)``: each stratum is divided among the splits separately."""
        return np.zeros(len(values), np.int64)

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return how many of the given records have each class, ``(classes,)``."""
        return np.zeros(0, np.int64)

    def keys(self, folder: Path, values: Any) -> Array:
        """Return a number for each record, ``(records,)``; equal targets have equal numbers."""
        return np.unique(np.ascontiguousarray(values), axis=0, return_inverse=True)[1].reshape(-1)

    def batch(self, values: Array, info: TargetInfo) -> Array:
        """Return targets in the form of training batches, which `Task.prepare` takes.

        Args:
            values: targets as they are kept, ``(records, …)``.
            info: describes the targets.
        """
        return values

    @abstractmethod
    def info(self, values: Any, train: Array, counted: ClassCounts) -> TargetInfo:
        """Return the description of the targets that a model is built for.

        Args:
            values: the targets of all records.
            train: indices of the training records.
            counted: the classes, and how many training records have each.
        """


def digest(pixels: Array) -> int:
    """Return a 64-bit hash of pixels."""
    return int.from_bytes(hashlib.blake2b(pixels.tobytes(), digest_size=8).digest(), "little")


def rarest_class(shown: Array) -> Array:
    """Return the rarest class of each record; the number of classes for records without any.

    Args:
        shown: whether a record has a class, ``(records, classes)``, bool.
    """
    often = shown.sum(axis=0)
    rank = np.where(shown, often, len(shown) + 1)
    none = ~shown.any(axis=1)
    return np.where(none, shown.shape[1], rank.argmin(axis=1) if shown.shape[1] else 0)
