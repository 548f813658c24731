"""An image for each image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.decode.geometry import Geometry
from automap.data.decode.image import decode_record
from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind, digest
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo, TargetImageInfo


class ImageKind(TargetKind):
    """An image, stored as ``(records, scale · height, scale · width, channels)`` uint8."""

    in_image: ClassVar[bool] = True
    pixels: ClassVar[bool] = True

    def shape(self, record: tuple[int, int, int]) -> tuple[int, ...]:
        """Return height, width and channels."""
        return record[0] * self.scale, record[1] * self.scale, record[2]

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> Array:
        """Return the target, fitted like its input."""
        height, width, channels = self.shape(record.shape)
        like = record.model_copy(update={"shape": (height, width, channels)})
        pixels, applied, _ = decode_record(target, like, geometry)
        wanted = tuple(side * self.scale for side in geometry.source)
        if applied.source != wanted:
            found = f"{applied.source[1]}×{applied.source[0]}"
            raise BadImage("its target has another size", f"{found} pixels instead of {wanted[1]}×{wanted[0]}")
        return pixels

    def describe(self, placed: Array) -> Any:
        """Return a hash."""
        return digest(placed)

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return ImageColumn()

    def keys(self, folder: Path, values: Any) -> Array:
        """Return the hash of each target."""
        return np.asarray(np.load(folder / "target_hashes.npy"))

    def info(self, values: Any, train: Array, counted: ClassCounts) -> TargetImageInfo:
        """Return the scale."""
        return TargetImageInfo(scale=self.scale)


class ImageColumn:
    """Collects hashes of target images."""

    def __init__(self) -> None:
        self._hashes: list[int] = []

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the hash of the next record's target."""
        if usable:
            self._hashes.append(placed)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``target_hashes.npy``."""
        np.save(folder / "target_hashes.npy", np.array(self._hashes, np.uint64))
        return {"classes": [], "lost_classes": []}
