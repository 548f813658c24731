"""Orders with several images of a class in each batch, for losses that compare the images of a batch."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array


def balanced_order(classes: Array, per_class: int, seed: int, epoch: int) -> Array:
    """Return an order with runs of `per_class` records of one class; a function of the arguments only.

    The records of each class are shuffled and cut into runs; an incomplete run is filled with other records of the
    class, and the runs are shuffled. Every record occurs at least once, and classes as often as their size requires.

    Args:
        classes: class of each record, ``(records,)``, integers.
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
    # A class with fewer records than a run repeats them.
    return np.concatenate([members, random.choice(members, missing)])
