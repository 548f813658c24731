"""Describing columns by the training split: statistics of numbers, categories, vocabularies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from automap.data.columns.cells import Texts
from automap.data.columns.words import frequent, vocabulary_of, words_of
from automap.interfaces.array import Array
from automap.interfaces.data_info import CategoryInput, ColumnInput, NumberInput, TextInput
from automap.interfaces.sample import ExtraInput

MOST_CATEGORIES = 10_000
LONGEST = 256
"""Most words of a text that the network sees."""
COVERED = 95
"""Percentile of the lengths of the training texts up to which none is cut."""


def describe_column(wanted: ExtraInput, cells: Array | Texts, train: Array) -> NumberInput | CategoryInput | TextInput:
    """Return the description of a column.

    Args:
        wanted: its name and kind.
        cells: of all records.
        train: indices of the training records.
    """
    if isinstance(cells, Texts):
        texts = cells.take(train)
        return _of_texts(wanted.column, texts) if wanted.kind == "text" else _of_categories(wanted.column, texts)
    numbers = cells[train]
    known = numbers[~np.isnan(numbers)]
    missing = 1 - len(known) / max(1, len(numbers))
    if not len(known):
        return NumberInput(column=wanted.column, missing=missing, mean=0.0, std=1.0)
    deviation = float(known.std())
    return NumberInput(column=wanted.column, missing=missing, mean=float(known.mean()), std=deviation or 1.0)


def _of_categories(column: str, cells: Sequence[str]) -> CategoryInput:
    counts = Counter(cell for cell in cells if cell)
    found = sorted(frequent(counts, MOST_CATEGORIES))
    return CategoryInput(column=column, missing=_missing(cells), categories=tuple(found))


def _of_texts(column: str, cells: Sequence[str]) -> TextInput:
    lengths = [len(words_of(cell)) for cell in cells if cell] or [1]
    length = int(np.clip(np.ceil(np.percentile(lengths, COVERED)), 1, LONGEST))
    return TextInput(column=column, missing=_missing(cells), vocabulary=vocabulary_of(cells), length=length)


def _missing(cells: Sequence[str]) -> float:
    return sum(not cell for cell in cells) / max(1, len(cells))


def precision_warning(info: ColumnInput) -> str | None:
    """Return a warning about numbers that float32 cannot tell apart; None if it can."""
    if isinstance(info, NumberInput) and abs(info.mean) > 1e5 * info.std:
        return (
            f"the numbers in {info.column} differ by too little for 32 bits (mean {info.mean:g}, standard deviation "
            f"{info.std:g}); subtract a constant from the column"
        )
    return None
