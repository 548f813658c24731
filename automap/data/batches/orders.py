"""The orders in which epochs take their records: functions of seed and epoch alone, so that a trial can be resumed."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """Return the order in which an epoch takes records that lie in memory.

    Args:
        count: number of records.
        seed: the trial's seed.
        epoch: the epoch, from 0.

    Returns:
        A permutation of ``0 .. count - 1``, int64.
    """
    return np.random.default_rng((seed, epoch)).permutation(count)


def windowed_order(count: int, seed: int, epoch: int, *, block: int, window: int) -> Array:
    """Return the order in which an epoch takes records that are read from disk.

    Neighbours stay together in blocks, which are read forwards; blocks come in any order; and within a window of many
    blocks, which memory holds, records come in any order. The nearer the number of blocks in a window is to all of
    them, the nearer is this to `epoch_order`.

    Args:
        count: number of records.
        seed: the trial's seed.
        epoch: the epoch, from 0.
        block: neighbouring records that are read together.
        window: records among which the order is free.

    Returns:
        A permutation of ``0 .. count - 1``, int64.
    """
    random = np.random.default_rng((seed, epoch))
    # Blocks begin elsewhere each epoch: otherwise the same neighbours would share a window every time.
    edges = np.unique([0, *range(int(random.integers(block)), count, block), count])
    starts, ends = edges[:-1], edges[1:]
    blocks = random.permutation(len(starts))
    order = np.concatenate([np.arange(starts[each], ends[each]) for each in blocks])
    for start in range(0, count, window):
        random.shuffle(order[start : start + window])
    return order
