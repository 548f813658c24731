"""Orders in which each batch holds several images of a class, for losses that compare the images of a batch."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array


def balanced_order(classes: Array, per_class: int, seed: int, epoch: int) -> Array:
    """Return an order of records in which runs of `per_class` are of one class, a function of the arguments alone.

    The records of each class are shuffled and cut into runs; what is left of a class is filled up with others of
    its records, drawn again; runs are shuffled. So every record stands in the order at least once, and a class as often
    as its size says.

    Args:
        classes: of each record, ``(records,)``, integers.
        per_class: length of a run.
        seed: the trial's seed.
        epoch: the epoch, from 0.

    Returns:
        Indices of records, ``(runs · per_class,)``, int64.
    """
    random = np.random.default_rng((seed, epoch))
    shuffled = random.permutation(len(classes))
    order = shuffled[np.argsort(classes[shuffled], kind="stable")]
    members = np.split(order, np.flatnonzero(np.diff(classes[order])) + 1)
    runs = np.concatenate([_filled_up(each, per_class, random).reshape(-1, per_class) for each in members])
    return np.asarray(runs[random.permutation(len(runs))].reshape(-1))


def _filled_up(members: Array, per_class: int, random: np.random.Generator) -> Array:
    missing = -len(members) % per_class
    others = members[: len(members) - len(members) % per_class]
    if len(others):
        return np.concatenate([members, random.choice(others, missing, replace=False)])
    # A class with fewer records than a run has to repeat those that the run holds already.
    return np.concatenate([members, random.choice(members, missing)])
