"""A class for each pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.decode.geometry import Geometry
from automap.data.decode.mask import IGNORED, decode_mask
from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind, digest, rarest_class
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo, MaskInfo


class MaskKind(TargetKind):
    """A class for each pixel, stored as class indices ``(records, height, width)`` uint8; 255 is ignored."""

    fewest_classes: ClassVar[int] = 2
    in_image: ClassVar[bool] = True
    pixels: ClassVar[bool] = True

    def shape(self, record: tuple[int, int, int]) -> tuple[int, ...]:
        """Return height and width."""
        return record[:2]

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> Array:
        """Return the mask of the record."""
        mask = decode_mask(target, geometry)
        if self.classes and (unknown := np.unique(mask[(mask >= len(self.classes)) & (mask != IGNORED)])).size:
            raise BadImage(
                "its mask has a value that is no class", f"{unknown[0]}; there are {len(self.classes)} classes"
            )
        return mask

    def may_be_turned(self, target: Any, geometry: Geometry) -> bool:
        """Return whether a mask may be over the stored pixels of an image that EXIF turns."""
        return geometry.orientation != 1 and not geometry.tells_turn

    def describe(self, placed: Array) -> Any:
        """Return a hash and the classes in the mask."""
        shown = np.flatnonzero(np.bincount(placed.reshape(-1), minlength=IGNORED)[:IGNORED])
        return [digest(placed), shown.tolist()]

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return MaskColumn(self.classes)

    def strata(self, folder: Path, values: Any) -> Array:
        """Return the rarest class of each record."""
        return rarest_class(np.load(folder / "shown.npy"))

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return how many records have each class."""
        return np.asarray(np.load(folder / "shown.npy")[records].sum(axis=0))

    def keys(self, folder: Path, values: Any) -> Array:
        """Return the hash of each mask."""
        return np.asarray(np.load(folder / "target_hashes.npy"))

    def info(self, values: Any, train: Array, counted: ClassCounts) -> MaskInfo:
        """Return the classes and their counts."""
        return MaskInfo(classes=counted.classes, class_counts=counted.counts)


class MaskColumn:
    """Collects hashes of masks and the classes in them.

    Args:
        classes: names of the class indices; without any, the indices up to the largest are the names.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._hashes: list[int] = []
        self._shown: list[list[int]] = []

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take what `MaskKind.describe` returned for the next record."""
        if usable:
            self._hashes.append(placed[0])
            self._shown.append(placed[1])

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``target_hashes.npy`` and ``shown.npy``, ``(records, classes)`` bool.

        Raises:
            DataError: if all masks show the same class and nothing else.
        """
        largest = max((max(shown, default=-1) for shown in self._shown), default=-1)
        classes = self._classes or tuple(str(index) for index in range(largest + 1))
        table = np.zeros((len(self._shown), len(classes)), bool)
        for row, shown in enumerate(self._shown):
            table[row, shown] = True
        if np.count_nonzero(table.any(axis=0)) < 2:
            raise DataError(
                f"the {len(table)} masks show fewer than two classes{_shown(classes, table)}. Pixels of value 255 are "
                "ignored; if 255 is a class, as in black-and-white masks, set dataset.values: [0, 255]"
            )
        np.save(folder / "shown.npy", table)
        np.save(folder / "target_hashes.npy", np.array(self._hashes, np.uint64))
        # Classes that no mask shows keep their index.
        lost = [name for column, name in enumerate(classes) if not table[:, column].any()]
        return {"classes": list(classes), "lost_classes": lost}


def _shown(classes: tuple[str, ...], table: Array) -> str:
    return "".join(f" ('{classes[column]}')" for column in np.flatnonzero(table.any(axis=0)))
