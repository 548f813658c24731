"""Assigning records to splits: deterministic, stratified, duplicates kept together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from automap.data.splits.unseen_classes import share_out_classes
from automap.interfaces.array import Array
from automap.interfaces.dataset import Splits
from automap.interfaces.sample import SplitName

SPLIT_CODES: Mapping[SplitName | None, int] = {None: -1, "train": 0, "validation": 1, "test": 2}
"""Codes in which a cache stores the splits that the data set assigns."""
TRAIN, VALIDATION, TEST = SPLIT_CODES["train"], SPLIT_CODES["validation"], SPLIT_CODES["test"]
UNUSED = -2


def assign_splits(
    targets: Array, hashes: Array, groups: Array, given: Array, settings: Splits
) -> Mapping[SplitName, Array]:
    """Assign records to splits.

    Records with the same pixels or of the same group stay together. Each class is divided separately, in an order that
    depends only on pixels and seed, not on the order or names of files. Splits that the data set assigns are kept; a
    split that it lacks is taken from its training records, and training records whose pixels are also in another
    given split are left out.

    With ``settings.unseen_classes``, records of one class stay together too, and fractions count classes.

    Args:
        targets: class of each record, ``(records,)`` int32.
        hashes: of each record's pixels, ``(records,)`` uint64.
        groups: of each record, ``(records,)`` int64; -1 for none.
        given: the data set's own split of each record, as `SPLIT_CODES`; -1 for none.
        settings: fractions and seed.

    Returns:
        Indices of the records of each split, ascending, int64.
    """
    placed = np.where(given == SPLIT_CODES[None], TRAIN, given).astype(np.int8)
    _leave_out_leaks(placed, hashes, groups)
    if settings.unseen_classes:
        _leave_out_leaks(placed, targets, np.full_like(groups, -1))
    free = np.flatnonzero(placed == TRAIN)
    shares = {
        VALIDATION: 0.0 if (given == VALIDATION).any() else settings.validation,
        TEST: 0.0 if (given == TEST).any() else settings.test,
    }
    units = _units(hashes[free], groups[free])
    if settings.unseen_classes:
        units = _units(units, targets[free])
    order = _order(hashes[free], units, settings.seed)
    if settings.unseen_classes:
        placed[free] = share_out_classes(order, shares, TRAIN)[units]
    else:
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
    """Number the sets of records that must stay together: same pixels or same group, transitively."""
    _, units = np.unique(hashes, return_inverse=True)
    if (groups < 0).all():
        return units
    while True:
        # In each round, every group and every image takes the smallest number among its records.
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
    """Return the units in an order that depends on the seed and their pixels."""
    first = np.full(units.max(initial=-1) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(first, units, hashes)
    salt = np.frombuffer(hashlib.blake2b(str(seed).encode(), digest_size=16).digest(), np.uint64)
    mixed = (first ^ salt[0]) * (salt[1] | np.uint64(1))
    mixed ^= mixed >> np.uint64(29)
    return np.argsort(mixed * np.uint64(0xBF58476D1CE4E5B9), kind="stable")


def _place(units: Array, order: Array, targets: Array, shares: Mapping[int, float]) -> Array:
    sizes = np.bincount(units, minlength=len(order))
    # A group of several classes counts for the class of its first record.
    unit_class = np.zeros(len(order), np.int64)
    unit_class[units[::-1]] = targets[::-1]
    of_unit = np.full(len(order), TRAIN, np.int8)
    by_class = order[np.argsort(unit_class[order], kind="stable")]
    for members in np.split(by_class, np.flatnonzero(np.diff(unit_class[by_class])) + 1):
        _share_out(members, sizes, of_unit, shares)
    return of_unit[units]


def _share_out(members: Array, sizes: Array, of_unit: Array, shares: Mapping[int, float]) -> None:
    """Move units of one class, in their order, from training to the other splits."""
    total = int(sizes[members].sum())
    wanted = {split: max(1, round(total * share)) for split, share in shares.items() if share}
    free = _movable(members, sizes, 2 * max(wanted.values(), default=0))
    scarcity = min(1.0, int(sizes[free].sum()) / max(1, sum(wanted.values())))
    for split, size in wanted.items():
        if len(free):
            taken = _nearest(sizes[free], max(1, round(size * scarcity)))
            of_unit[free[taken]] = split
            free = free[~taken]


def _movable(members: Array, sizes: Array, limit: int) -> Array:
    """Return the units that may leave training: all but the first, and no groups that are too large."""
    fitting = sizes[members] < limit
    if fitting.all():
        return np.asarray(members[1:])
    if fitting.any():
        return np.asarray(members[fitting])
    others = np.delete(members, sizes[members].argmax())
    return np.asarray(others[sizes[others].argsort(kind="stable")[:1]])


def _nearest(sizes: Array, wanted: int) -> Array:
    """Choose units, in order, whose sizes add up to about `wanted`; at least the smallest one."""
    if sizes.max() == 1:
        return np.arange(len(sizes)) < wanted
    taken = np.zeros(len(sizes), bool)
    room = wanted
    for index, size in enumerate(sizes.tolist()):
        # Take a large group only if that is closer to the wanted size than leaving it.
        if size < 2 * room:
            taken[index] = True
            room -= size
    if not taken.any():
        taken[sizes.argmin()] = True
    return taken
