"""The order of records in an epoch: depends only on seed and epoch, so that trials can be resumed."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """Return the order of an epoch of records in memory.

    Args:
        count: number of records.
        seed: the trial's seed.
        epoch: the epoch, from 0.

    Returns:
        A permutation of ``0 .. count - 1``, int64.
    """
    return np.random.default_rng((seed, epoch)).permutation(count)


def windowed_order(count: int, seed: int, epoch: int, *, block: int, window: int) -> Array:
    """Return the order of an epoch of records that are read from disk.

    Contiguous blocks are shuffled, and then the records within each window of many blocks, which fits in memory. The
    more blocks a window has, the closer this is to `epoch_order`.

    Args:
        count: number of records.
        seed: the trial's seed.
        epoch: the epoch, from 0.
        block: contiguous records that are read together.
        window: records that are shuffled together.

    Returns:
        A permutation of ``0 .. count - 1``, int64.
    """
    random = np.random.default_rng((seed, epoch))
    # Blocks start at another offset each epoch, so that neighbours are not always in the same window.
    edges = np.unique([0, *range(int(random.integers(block)), count, block), count])
    starts, ends = edges[:-1], edges[1:]
    blocks = random.permutation(len(starts))
    order = np.concatenate([np.arange(starts[each], ends[each]) for each in blocks])
    for start in range(0, count, window):
        random.shuffle(order[start : start + window])
    return order
