"""Normalisation as part of the network."""

from __future__ import annotations

from typing import Any

import keras

from automap.interfaces.architecture import Preprocessing
from automap.interfaces.data_info import ImageInfo

SMALLEST_STD = 1.0 / 255.0
"""Smallest standard deviation as a fraction of the pixel range, so that flat channels are not amplified further."""

NATURAL_MEAN, NATURAL_STD = 116.0, 58.0
"""Mean and standard deviation of ImageNet's pixels, 0 to 255."""


def normalise(images: Any, info: ImageInfo, preprocessing: Preprocessing | None, name: str = "normalise") -> Any:
    """Normalise images by the statistics of the training split, or as pretrained weights expect it.

    Args:
        images: ``(batch, height, width, channels)`` in pixel values.
        info: describes the images.
        preprocessing: the normalisation that pretrained weights expect; None for zero mean and unit variance.
        name: of the layer.
    """
    deviations = [max(deviation, SMALLEST_STD * info.max_value) for deviation in info.std]
    mean, std = list(info.mean), deviations
    if preprocessing is not None:
        mean, std = _as_expected(mean, deviations, info, preprocessing)
    variance = [deviation**2 for deviation in std]
    return keras.layers.Normalization(mean=mean, variance=variance, dtype="float32", name=name)(images)


def _as_expected(
    mean: list[float], deviations: list[float], info: ImageInfo, preprocessing: Preprocessing
) -> tuple[list[float], list[float]]:
    channels = info.shape[2]
    if channels == 3 and info.bit_depth == 8:
        return list(preprocessing.mean), list(preprocessing.std)
    expected, scale = (sum(each) / 3 for each in preprocessing)
    if channels == 1 and info.bit_depth == 8:
        return [expected], [scale]
    # Images with other ranges or channels are first mapped to the mean and deviation of photographs.
    factor = scale / NATURAL_STD
    stds = [deviation * factor for deviation in deviations]
    return [m - (NATURAL_MEAN - expected) / scale * s for m, s in zip(mean, stds, strict=True)], stds
