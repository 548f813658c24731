"""Who trains, who validates, who tests: deterministic, stratified, and never one image on two sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from automap.data.cache import SPLIT_CODES
from automap.spec.kinds import SplitName, Splits

Array = np.ndarray[Any, Any]
TRAIN, VALIDATION, TEST = SPLIT_CODES["train"], SPLIT_CODES["validation"], SPLIT_CODES["test"]
UNUSED = -2


def assign_splits(
    targets: Array, hashes: Array, groups: Array, given: Array, settings: Splits
) -> Mapping[SplitName, Array]:
    """Share out records among the splits.

    Records with the same pixels, and records of one group, stay together. Each class is shared out by itself,
    in an order that depends on pixels and seed alone, not on the order or names of files. Where the data set
    assigns a split itself, that holds; a split that it does not have is taken from its training records, and
    training records whose pixels are also in another given split are left out.

    Args:
        targets: class of each record, ``(records,)`` int32.
        hashes: of each record's pixels, ``(records,)`` uint64.
        groups: of each record, ``(records,)`` int64; -1 for none.
        given: the data set's own split of each record, as `SPLIT_CODES`; -1 for none.
        settings: shares and seed.

    Returns:
        Indices of the records of each split, ascending, int64.
    """
    placed = np.where(given == SPLIT_CODES[None], TRAIN, given).astype(np.int8)
    _leave_out_leaks(placed, hashes, groups)
    free = np.flatnonzero(placed == TRAIN)
    shares = {
        VALIDATION: 0.0 if (given == VALIDATION).any() else settings.validation,
        TEST: 0.0 if (given == TEST).any() else settings.test,
    }
    units = _units(hashes[free], groups[free])
    order = _order(hashes[free], units, settings.seed)
    placed[free] = _place(units, order, targets[free], shares)
    return {
        "train": np.flatnonzero(placed == TRAIN),
        "validation": np.flatnonzero(placed == VALIDATION),
        "test": np.flatnonzero(placed == TEST),
    }


def _leave_out_leaks(placed: Array, hashes: Array, groups: Array) -> None:
    for earlier, later in ((TRAIN, VALIDATION), (TRAIN, TEST), (VALIDATION, TEST)):
        known = placed == later
        leaked = (placed == earlier) & (np.isin(hashes, hashes[known]))
        grouped = groups[known & (groups >= 0)]
        leaked |= (placed == earlier) & (groups >= 0) & np.isin(groups, grouped)
        placed[leaked] = UNUSED


def _units(hashes: Array, groups: Array) -> Array:
    """Number what must stay together: same pixels, same group, and what these tie together."""
    _, units = np.unique(hashes, return_inverse=True)
    if (groups < 0).all():
        return units
    while True:
        # Each round, every group and every image takes the smallest number found among its own.
        before = units
        grouped = groups >= 0
        _, group = np.unique(groups[grouped], return_inverse=True)
        units = units.copy()
        units[grouped] = _smallest(units[grouped], group)[group]
        _, image = np.unique(hashes, return_inverse=True)
        units = _smallest(units, image)[image]
        if np.array_equal(units, before):
            return np.unique(units, return_inverse=True)[1]


def _smallest(values: Array, of: Array) -> Array:
    smallest = np.full(of.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, of, values)
    return smallest


def _order(hashes: Array, units: Array, seed: int) -> Array:
    """Return the units in an order that depends on the seed and on the pixels in them."""
    first = np.full(units.max(initial=-1) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(first, units, hashes)
    salt = np.frombuffer(hashlib.blake2b(str(seed).encode(), digest_size=16).digest(), np.uint64)
    mixed = (first ^ salt[0]) * (salt[1] | np.uint64(1))
    mixed ^= mixed >> np.uint64(29)
    return np.argsort(mixed * np.uint64(0xBF58476D1CE4E5B9), kind="stable")


def _place(units: Array, order: Array, targets: Array, shares: Mapping[int, float]) -> Array:
    sizes = np.bincount(units, minlength=len(order))
    # A unit of several classes, as groups may be, counts for the class of its first record.
    unit_class = np.zeros(len(order), np.int64)
    unit_class[units[::-1]] = targets[::-1]
    totals = np.zeros(targets.max(initial=0) + 1)
    np.add.at(totals, unit_class, sizes)
    of_unit = np.full(len(order), TRAIN, np.int8)
    taken: dict[tuple[int, int], int] = {}
    started: set[int] = set()
    for unit in order.tolist():
        kind = int(unit_class[unit])
        if kind not in started:
            # The first of each class trains, however few there are.
            started.add(kind)
            continue
        for split, share in shares.items():
            quota = max(1, round(totals[kind] * share)) if share else 0
            if taken.get((kind, split), 0) < quota:
                taken[kind, split] = taken.get((kind, split), 0) + int(sizes[unit])
                of_unit[unit] = split
                break
    return of_unit[units]
