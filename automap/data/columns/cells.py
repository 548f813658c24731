"""The cells of columns in a cache, as the table has them: statistics depend on the splits and are computed later."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.sample import ExtraInput


def image_names(inputs: Sequence[ExtraInput]) -> tuple[str, ...]:
    """Return the names of the further images."""
    return tuple(each.name for each in inputs if each.kind == "image")


def cell_inputs(inputs: Sequence[ExtraInput]) -> tuple[ExtraInput, ...]:
    """Return the inputs that are cells of a table: numbers, categories and texts."""
    return tuple(each for each in inputs if each.kind != "image")


def number_path(folder: Path, index: int) -> Path:
    """Return the file of a column of numbers."""
    return folder / f"column-{index:03d}.npy"


def text_path(folder: Path, index: int) -> Path:
    """Return the file of the cells of a column of categories or texts, one after another in UTF-8."""
    return folder / f"column-{index:03d}.bin"


def ends_path(folder: Path, index: int) -> Path:
    """Return the file of where each cell of a column ends in the file of `text_path`."""
    return folder / f"column-{index:03d}_ends.npy"


class CellColumns:
    """Collects the cells of a data set, sample by sample.

    Args:
        inputs: of the data set; those that are images are ignored.
    """

    def __init__(self, inputs: Sequence[ExtraInput]) -> None:
        self._inputs = cell_inputs(inputs)
        self._numbers: dict[str, array[float]] = {}
        self._texts: dict[str, bytearray] = {}
        self._ends: dict[str, array[int]] = {}
        for each in self._inputs:
            if each.kind == "number":
                self._numbers[each.name] = array("d")
            else:
                self._texts[each.name], self._ends[each.name] = bytearray(), array("q")

    def append(self, values: Mapping[str, Any]) -> None:
        """Take the cells of the next sample, by the names of their inputs."""
        for name, numbers in self._numbers.items():
            numbers.append(float(values[name]))
        for name, text in self._texts.items():
            text += str(values[name]).encode("utf-8", "backslashreplace")
            self._ends[name].append(len(text))

    def write(self, folder: Path) -> str:
        """Write the files and return a digest of names, kinds and cells; empty if there are none."""
        if not self._inputs:
            return ""
        digest = hashlib.sha256(repr([(each.name, each.kind) for each in self._inputs]).encode())
        for index, each in enumerate(self._inputs):
            if each.kind == "number":
                np.save(number_path(folder, index), np.array(self._numbers[each.name], np.float64))
                digest.update(self._numbers[each.name].tobytes())
                continue
            text_path(folder, index).write_bytes(self._texts[each.name])
            np.save(ends_path(folder, index), np.array(self._ends[each.name], np.int64))
            digest.update(self._texts[each.name])
            digest.update(self._ends[each.name].tobytes())
        return digest.hexdigest()


class Texts(Sequence[str]):
    """The cells of a column of categories or texts, read from disk on access.

    Args:
        text: the file of all cells.
        ends: the file of where each ends.
    """

    def __init__(self, text: Path, ends: Path) -> None:
        self._ends = np.load(ends, mmap_mode="r")
        # An empty file cannot be mapped.
        self._text: Array = np.memmap(text, np.uint8, mode="r") if text.stat().st_size else np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        start = int(self._ends[place - 1]) if place else 0
        return bytes(self._text[start : int(self._ends[place])]).decode("utf-8")

    def take(self, records: Array) -> list[str]:
        """Return the cells of some records, in the given order."""
        return [self[int(record)] for record in records]


def open_cells(folder: Path, inputs: Sequence[ExtraInput]) -> dict[str, Array | Texts]:
    """Return the cells of every column by the name of its input: ``(records,)`` float64, or texts."""
    return {
        each.name: np.asarray(np.load(number_path(folder, index)))
        if each.kind == "number"
        else Texts(text_path(folder, index), ends_path(folder, index))
        for index, each in enumerate(cell_inputs(inputs))
    }


def is_missing(cell: float | str) -> bool:
    """Return whether a cell is empty."""
    return cell == "" if isinstance(cell, str) else math.isnan(cell)
