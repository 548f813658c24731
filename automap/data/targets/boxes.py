"""Boxes with a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from automap.data.decode.geometry import Geometry
from automap.data.targets.box_placement import upright_boxes
from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind, rarest_class
from automap.data.targets.label import in_order
from automap.interfaces.array import Array
from automap.interfaces.data_info import BoxesInfo, ImageInfo

LEAST_VISIBLE = 0.25
"""Smallest visible fraction of a box; others are dropped."""
PADDING = -1.0
"""The class of padding."""
CROWD = -2
"""Class number of crowds of class 0; those of class 1 have the number below, and so on. Crowds are not learned."""


class BoxesKind(TargetKind):
    """Boxes, stored as ``(records, most boxes, 5)`` float32: left, top, right, bottom in pixels of the record, class.

    A record's target lists a class name, left, top, right and bottom for each box; and True after them where the box
    is ignored, as around a crowd.
    """

    fewest_classes: ClassVar[int] = 1
    in_image: ClassVar[bool] = True

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> list[Any]:
        """Return the boxes of the record: class name, left, top, right, bottom, and whether it is ignored."""
        return [
            [name, *geometry.box(box), ignored]
            for name, box, ignored in upright_boxes(target, geometry)
            if geometry.visible(box) >= LEAST_VISIBLE
        ]

    def describe(self, placed: list[Any]) -> Any:
        """Return the boxes."""
        return placed

    def column(self) -> TargetColumn:
        """Return an empty column."""
        return BoxesColumn(self.classes)

    def strata(self, folder: Path, values: Any) -> Array:
        """Return the rarest class of each record; records without boxes count as a class of their own."""
        return rarest_class(_shown(values))

    def counts(self, folder: Path, values: Any, records: Array) -> Array:
        """Return how many records have each class."""
        return np.asarray(_shown(values)[records].sum(axis=0))

    def info(self, values: Any, train: Array, counted: ClassCounts) -> BoxesInfo:
        """Return the classes, their counts and the most boxes of a record."""
        return BoxesInfo(classes=counted.classes, class_counts=counted.counts, max_boxes=values.shape[1])


def _shown(values: Any) -> Array:
    codes = values[..., 4].astype(np.int64)
    shown = np.zeros((len(codes), int(codes.max(initial=-1)) + 1), bool)
    rows, places = np.nonzero(codes >= 0)
    shown[rows, codes[rows, places]] = True
    return shown


class BoxesColumn:
    """Collects boxes.

    Args:
        classes: those that the data set names, in their order; others follow in theirs.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._rows: list[list[Any]] = []

    def append(self, target: Any, placed: Any, *, usable: bool) -> None:
        """Take the boxes of the next record."""
        if usable:
            self._rows.append(placed)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy``."""
        used = {box[0] for boxes in self._rows for box in boxes if not box[5]}
        # A class whose boxes are all ignored can be neither learned nor evaluated.
        rows = [[box for box in boxes if box[0] in used] for boxes in self._rows]
        known = [name for name in self._classes if name in used]
        classes = [*known, *in_order([name for name in used if name not in known])]
        codes = {name: float(code) for code, name in enumerate(classes)}
        most = max(map(len, rows), default=0)
        table = np.zeros((len(rows), max(1, most), 5), np.float32)
        table[..., 4] = PADDING
        for row, boxes in enumerate(rows):
            for place, (name, *edges, crowd) in enumerate(boxes):
                table[row, place] = *edges, CROWD - codes[name] if crowd else codes[name]
        np.save(folder / "targets.npy", table)
        ignored = in_order([name for name in {box[0] for boxes in self._rows for box in boxes} if name not in used])
        lost = dict.fromkeys([*(name for name in self._classes if name not in used), *ignored])
        return {"classes": classes, "lost_classes": list(lost)}
