"""Describing data for models: shape, statistics, classes."""

from __future__ import annotations

import math

import numpy as np

from automap.data.cache.reader import Cache
from automap.data.columns.cells import image_names
from automap.data.columns.describe import describe_column
from automap.data.targets.kind import ClassCounts, TargetKind
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, ImageInfo, InputInfo
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import IMAGE

STATISTICS_IMAGES = 512
"""Training records from which the statistics of further images are estimated."""


def describe(cache: Cache, train: Array, dataset: Dataset, kind: TargetKind) -> DataInfo:
    """Return the description of the data that a model is built for.

    Args:
        cache: the decoded records.
        train: indices of the training records, whose statistics are computed.
        dataset: says how images were fitted into records, and which inputs there are.
        kind: of the targets.
    """
    mean, deviation = _statistics(cache, train)
    image = ImageInfo(
        shape=cache.manifest.shape,
        resize=dataset.resize,
        bit_depth=cache.manifest.bit_depth,
        source_range=cache.manifest.source_range,
        display_range=cache.display_range,
        mean=mean,
        std=deviation,
    )
    counted = ClassCounts(tuple(cache.manifest.classes), tuple(kind.counts(cache.path, cache.targets, train).tolist()))
    target = kind.info(cache.targets, train, counted)
    return DataInfo(
        inputs={IMAGE: image, **_extra_inputs(cache, train, dataset, image)}, target=target, train_size=len(train)
    )


def _extra_inputs(cache: Cache, train: Array, dataset: Dataset, image: ImageInfo) -> dict[str, InputInfo]:
    cells, wanted = cache.cells(dataset.extra_inputs), dataset.extra_inputs
    further = _further_images(cache, train, image, len(image_names(wanted)))
    return {
        each.name: further.pop(0).model_copy(update={"column": each.column})
        if each.kind == "image"
        else describe_column(each, cells[each.name], train)
        for each in wanted
    }


def _further_images(cache: Cache, train: Array, image: ImageInfo, count: int) -> list[ImageInfo]:
    if not count:
        return []
    chosen = np.random.default_rng(0).permutation(train)[:STATISTICS_IMAGES]
    pixels = cache.further_images(np.sort(chosen))
    described = []
    for index in range(count):
        # A black image is a missing one.
        present = pixels[:, index][pixels[:, index].any(axis=(1, 2, 3))]
        values = (
            present.reshape(-1, image.shape[2]).astype(np.float64) if len(present) else np.zeros((1, image.shape[2]))
        )
        update = {"mean": tuple(values.mean(axis=0).tolist()), "std": tuple(values.std(axis=0).tolist())}
        described.append(image.model_copy(update=update))
    return described


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
