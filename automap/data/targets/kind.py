"""What every kind of target has to say of itself."""

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
        """Type of the numbers."""

    def __len__(self) -> int:
        """Return the number of records."""

    def __getitem__(self, records: Array) -> Array:
        """Return the targets of some records, in the order asked for."""


class ClassCounts(NamedTuple):
    """The classes of a data set."""

    classes: tuple[str, ...]
    counts: tuple[int, ...]
    """Training records of each class."""


class TargetColumn(Protocol):
    """Collects what a cache keeps of the targets beside their pixels, record by record."""

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the next record.

        Args:
            target: of the record as the data set gave it; None if it lies in the image.
            placed: what `TargetKind.describe` said of it; None of one that is not usable, or does not lie in the image.
            usable: of one that is not, only what it says of the whole counts.
        """

    def write(self, folder: Path) -> dict[str, Any]:
        """Write what is collected and return what the manifest should say: ``classes`` and ``lost_classes``."""


@dataclass(frozen=True)
class TargetKind(ABC):
    """A kind of target. It is sent to the processes that decode, so it is small."""

    classes: tuple[str, ...] = ()
    """Names that the data set itself gives to class indices."""
    names: tuple[str, ...] = ()
    """Of numbers."""
    scale: int = 1
    """Size of a target image relative to its input."""

    fewest_classes: ClassVar[int] = 0
    """Below this number of classes there is nothing to learn."""
    one_class: ClassVar[bool] = False
    """Whether each record has exactly one class."""
    in_image: ClassVar[bool] = False
    """Whether targets lie in the image, and are decoded with it."""
    pixels: ClassVar[bool] = False
    """Whether they are pixels, kept in shards as images are."""

    def shape(self, record: tuple[int, int, int]) -> tuple[int, ...]:
        """Return the shape of a target that is pixels, for records of a shape."""
        return ()

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> Any:
        """Return a target that lies in the image as it lies in the record.

        Args:
            target: as the data set gave it.
            geometry: how the image was fitted into the record.
            record: what the record is like.

        Raises:
            BadImage: if it does not fit its image.
        """
        return None

    def describe(self, placed: Any) -> Any:
        """Return what the column should know of a target that was placed, as plain data."""
        return None

    @abstractmethod
    def column(self) -> TargetColumn:
        """Return an empty column."""

    def strata(self, folder: Path, values: Any) -> Array:
        """Return numbers ``(records,)``: records of one number are shared out among the splits by themselves."""
        return np.zeros(len(values), np.int64)

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return how many of some records have each class, ``(classes,)``."""
        return np.zeros(0, np.int64)

    def keys(self, folder: Path, values: Any) -> Array:
        """Return a number for each record, the same for the same target, ``(records,)``."""
        return np.unique(np.ascontiguousarray(values), axis=0, return_inverse=True)[1].reshape(-1)

    def batch(self, values: Array, info: TargetInfo) -> Array:
        """Return targets as training batches carry them, for `Task.prepare`.

        Args:
            values: targets as they are kept, ``(records, …)``.
            info: what a model knows of them.
        """
        return values

    @abstractmethod
    def info(self, values: Any, train: Array, counted: ClassCounts) -> TargetInfo:
        """Return what a model must know of the targets.

        Args:
            values: the targets of all records.
            train: indices of the training records.
            counted: the classes, and how many training records have each.
        """


def digest(pixels: Array) -> int:
    """Return a hash of pixels, 64 bit."""
    return int.from_bytes(hashlib.blake2b(pixels.tobytes(), digest_size=8).digest(), "little")


def rarest_class(shown: Array) -> Array:
    """Return the class of each record that the fewest records have; the number of classes where it has none.

    Args:
        shown: which record has which class, ``(records, classes)``, bool.
    """
    often = shown.sum(axis=0)
    rank = np.where(shown, often, len(shown) + 1)
    none = ~shown.any(axis=1)
    return np.where(none, shown.shape[1], rank.argmin(axis=1) if shown.shape[1] else 0)
