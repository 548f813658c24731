"""Splits by class: the classes of validation and test are never trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.sample import SplitName

FEWEST = 2
"""Smallest number of classes in a split."""


def share_out_classes(order: Array, shares: Mapping[int, float], train: int) -> Array:
    """Return the split of each unit of whole classes.

    Args:
        order: the units, in the order in which splits take them, ``(units,)``.
        shares: fraction of the units, by the code of the split.
        train: code of the split that keeps the rest.
    """
    of_unit = np.full(len(order), train, np.int8)
    start = 0
    for split, share in shares.items():
        if share:
            end = start + max(FEWEST, round(len(order) * share))
            of_unit[order[start:end]] = split
            start = end
    return of_unit


def check_classes_apart(splits: Mapping[SplitName, Array], targets: Array, names: Sequence[str]) -> None:
    """Refuse splits that cannot be trained or evaluated on.

    Args:
        splits: indices of the records of each split; the test split may be empty.
        targets: class of each record, ``(records,)``.
        names: of the classes.

    Raises:
        DataError: if a split has fewer than two classes, or no class with two images.
    """
    for split, records in splits.items():
        if split == "test" and not len(records):
            continue
        counts = np.bincount(targets[records], minlength=1)
        found = np.count_nonzero(counts)
        if found < FEWEST or counts.max() < 2:
            raise DataError(
                f"the {split} split has {len(records)} images of {found} of the {len(names)} classes; comparing images "
                "needs two classes, one of them with two images. Validation and test get whole classes: add classes or "
                "change dataset.splits (test: 0 for no test split)"
            )
