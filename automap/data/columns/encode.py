"""From the cells of a column to the arrays that networks take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from automap.data.columns.words import words_of
from automap.interfaces.array import Array
from automap.interfaces.data_info import (
    MISSING,
    UNKNOWN,
    CategoryInput,
    DataInfo,
    ImageInfo,
    InputInfo,
    NumberInput,
    TextInput,
)


def encode_cells(info: NumberInput | CategoryInput | TextInput, cells: Sequence[Any] | Array) -> Array:
    """Return cells as an input of the network, ``(cells, *info.shape)``.

    Args:
        info: describes the column.
        cells: numbers, NaN where missing, or texts, empty where missing.
    """
    match info:
        case NumberInput():
            numbers = np.asarray(cells, np.float32)
            return np.stack([np.nan_to_num(numbers, nan=0.0), ~np.isnan(numbers)], axis=1).astype(np.float32)
        case CategoryInput():
            indices = _indices(info.categories)
            found = [indices.get(cell, UNKNOWN) if cell else MISSING for cell in cells]
            return np.array(found, np.int32).reshape(-1, 1)
        case TextInput():
            encoded = np.zeros((len(cells), info.length), np.int32)
            indices = _indices(info.vocabulary)
            for row, cell in zip(encoded, cells, strict=True):
                words = words_of(cell)[: info.length]
                row[: len(words)] = [indices.get(word, UNKNOWN) for word in words]
            return encoded


def missing_input(info: InputInfo, count: int) -> Array:
    """Return an input that is missing for every one of `count` samples: zeros, whatever its kind."""
    return np.zeros((count, *info.shape), info.dtype)


def with_missing(inputs: Mapping[str, Array], info: DataInfo) -> dict[str, Array]:
    """Return the inputs of a network; those that are not given are missing.

    Args:
        inputs: some of the inputs by name, one or more.
        info: describes all of them.
    """
    count = len(next(iter(inputs.values())))
    return {name: inputs[name] if name in inputs else missing_input(each, count) for name, each in info.inputs.items()}


def columns_of(info: DataInfo) -> dict[str, NumberInput | CategoryInput | TextInput]:
    """Return the inputs that are columns of a table, by name."""
    return {name: each for name, each in info.inputs.items() if not isinstance(each, ImageInfo)}


@lru_cache(maxsize=256)
def _indices(known: tuple[str, ...]) -> Mapping[str, int]:
    return {item: index for index, item in enumerate(known, start=UNKNOWN + 1)}
