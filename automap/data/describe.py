"""Describing data for models: shape, statistics, classes."""

from __future__ import annotations

import math

import numpy as np

from automap.data.cache.reader import Cache
from automap.data.targets.kind import ClassCounts, TargetKind
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, ImageInfo, Resize
from automap.interfaces.sample import IMAGE


def describe(cache: Cache, train: Array, resize: Resize, kind: TargetKind) -> DataInfo:
    """Return the description of the data that a model is built for.

    Args:
        cache: the decoded records.
        train: indices of the training records, whose statistics are computed.
        resize: how images were fitted into records.
        kind: of the targets.
    """
    mean, deviation = _statistics(cache, train)
    image = ImageInfo(
        shape=cache.manifest.shape,
        resize=resize,
        bit_depth=cache.manifest.bit_depth,
        source_range=cache.manifest.source_range,
        display_range=cache.display_range,
        mean=mean,
        std=deviation,
    )
    counted = ClassCounts(tuple(cache.manifest.classes), tuple(kind.counts(cache.path, cache.targets, train).tolist()))
    target = kind.info(cache.targets, train, counted)
    return DataInfo(inputs={IMAGE: image}, target=target, train_size=len(train))


def _statistics(cache: Cache, records: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of each channel over all pixels of some records, from the sums kept of each."""
    count = len(records) * math.prod(cache.manifest.shape[:2])
    moments = cache.moments[records]
    if cache.manifest.bit_depth == 8:
        total, squares = moments.sum(axis=0) / count
        return tuple(total.tolist()), tuple(np.sqrt(np.maximum(0.0, squares - total**2)).tolist())
    # Of 16 bits, sums of squares exceed 64 bits, and their difference floats: whole numbers of any size are exact.
    exact = [[(int(high) << 32) + int(low) for high, low in zip(*halves, strict=True)] for halves in _halves(moments)]
    variances = [(count * squares - total**2) / count**2 for total, squares in zip(*exact, strict=True)]
    return tuple(total / count for total in exact[0]), tuple(math.sqrt(variance) for variance in variances)


def _halves(moments: Array) -> list[tuple[Array, Array]]:
    """Return the sums of the upper and of the lower 32 bits of each number, for each of both moments."""
    upper, lower = (moments >> 32).sum(axis=0), (moments & 0xFFFFFFFF).sum(axis=0)
    return [(upper[moment], lower[moment]) for moment in range(2)]
