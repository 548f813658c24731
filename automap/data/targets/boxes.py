"""Boxes with a class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from automap.data.decode.geometry import Geometry
from automap.data.targets.box_placement import may_be_turned, upright_boxes
from automap.data.targets.kind import ClassCounts, TargetColumn, TargetKind, rarest_class
from automap.data.targets.label import in_order
from automap.interfaces.array import Array
from automap.interfaces.data_info import BoxesInfo, ImageInfo

LEAST_VISIBLE = 0.25
"""Smallest visible fraction of a box; others are dropped."""
PADDING = -1.0
"""The class of padding."""
CROWD, IGNORED = -2, -3
"""A crowd of class 0 and an ignored object of class 0 have these classes, those of class 1 two less, and so on."""


class BoxesKind(TargetKind):
    """Boxes, stored as ``(records, most boxes, 5)`` float32: left, top, right, bottom in pixels of the record, class.

    Boxes that are ignored in training and evaluation have negative classes; see `class_of`.
    """

    version: ClassVar[int] = 1
    fewest_classes: ClassVar[int] = 1
    in_image: ClassVar[bool] = True

    def place(self, target: Any, geometry: Geometry, record: ImageInfo) -> list[Any]:
        """Return the boxes of the record: class name, left, top, right, bottom, whether it is ignored and how."""
        return [
            [name, *geometry.box(box), ignored]
            for name, box, ignored in upright_boxes(target, geometry)
            if geometry.visible(box) >= LEAST_VISIBLE
        ]

    def may_be_turned(self, target: Any, geometry: Geometry) -> bool:
        """Return whether boxes may be over the stored pixels of an image that EXIF turns."""
        return may_be_turned(target, geometry)

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


_CODES: dict[str, Callable[[float], float]] = {
    "": lambda code: code,
    "crowd": lambda code: CROWD - 2 * code,
    "object": lambda code: IGNORED - 2 * code,
}


class BoxClasses(NamedTuple):
    """The classes of boxes, and which boxes are ignored."""

    classes: Array
    crowds: Array
    """Whether each box is a region of many objects that are ignored."""
    ignored: Array
    """Whether each box is a single object that is ignored."""


def class_of(codes: Array) -> BoxClasses:
    """Return what the stored classes of boxes stand for.

    Args:
        codes: ``(boxes,)``, whole numbers, without those of padding.
    """
    codes = codes.astype(int)
    classes = np.where(codes < 0, (CROWD - codes) // 2, codes)
    return BoxClasses(classes, (codes < 0) & (codes % 2 == 0), (codes < 0) & (codes % 2 == 1))


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
            for place, (name, *edges, ignored) in enumerate(boxes):
                table[row, place] = *edges, _CODES[ignored](codes[name])
        np.save(folder / "targets.npy", table)
        ignored = in_order([name for name in {box[0] for boxes in self._rows for box in boxes} if name not in used])
        lost = dict.fromkeys([*(name for name in self._classes if name not in used), *ignored])
        return {"classes": classes, "lost_classes": list(lost)}
