"""How targets are kept in a cache: one class for each kind of target, the only place that knows its form."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from automap.exceptions import DataError

Array = np.ndarray[Any, Any]


class TargetColumn(Protocol):
    """Collects the targets of a data set while it is decoded, record by record."""

    def append(self, target: Any, *, usable: bool) -> None:
        """Take the target of the next record; of one that is not usable only what it says of the whole counts."""

    def write(self, folder: Path) -> dict[str, Any]:
        """Write what `read_targets` reads and return what the manifest should say of it."""


class LabelColumn:
    """One class name an image, kept as its number ``(records,)`` int32.

    Holds four bytes a record; the names are numbered as they appear and put in order at the end.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._column = array("i")

    def append(self, target: Any, *, usable: bool) -> None:
        """Take the class name of the next record."""
        code = self._codes.setdefault(str(target), len(self._codes))
        if usable:
            self._column.append(code)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write ``targets.npy`` and return the classes, and those of which no record is usable."""
        codes = np.frombuffer(self._column, np.int32) if self._column else np.empty(0, np.int32)
        used = np.bincount(codes, minlength=len(self._codes)) > 0
        classes = in_order([name for name, code in self._codes.items() if used[code]])
        place = np.full(len(self._codes), -1, np.int32)
        for index, name in enumerate(classes):
            place[self._codes[name]] = index
        np.save(folder / "targets.npy", place[codes])
        lost = in_order([name for name, code in self._codes.items() if not used[code]])
        return {"classes": classes, "lost_classes": lost}


COLUMNS: Mapping[str, type[TargetColumn]] = {"label": LabelColumn}
"""How each kind of target (`Dataset.target`) is kept."""


def target_column(kind: str) -> TargetColumn:
    """Return an empty column for a kind of target.

    Raises:
        DataError: if no column keeps that kind.
    """
    if kind not in COLUMNS:
        raise DataError(f"targets of the kind '{kind}' cannot be stored; there are: {', '.join(COLUMNS)}")
    return COLUMNS[kind]()


def read_targets(folder: Path) -> Array:
    """Return the targets of a cache, one entry a record."""
    return np.asarray(np.load(folder / "targets.npy"))


def in_order(names: list[str]) -> list[str]:
    """Return class names in their order: numbers as numbers, all else by name."""
    return sorted(names, key=int if all(name.isdecimal() for name in names) else str)
