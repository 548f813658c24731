"""Small real problems, one for each kind of target: 64 handwritten digits of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from automap.interfaces.array import Array
from automap.interfaces.data_info import (
    BoxesInfo,
    DataInfo,
    ImageInfo,
    LabelInfo,
    LabelsInfo,
    MaskInfo,
    NumbersInfo,
    TargetImageInfo,
)

COUNT = 64
KINDS = ("label", "labels", "numbers", "mask", "boxes", "image")
"""The kinds of target (`Dataset.target`)."""


@dataclass(frozen=True, eq=False)
class Example:
    """Images with targets as the cache stores them."""

    info: DataInfo
    images: Array
    """``(64, side, side, 1)``, uint8."""
    targets: Array


@cache
def digits(side: int = 16) -> tuple[Array, Array]:
    """Return 64 images ``(64, side, side, 1)``, uint8, and their digits ``(64,)``, int32.

    Args:
        side: height and width in pixels, a multiple of 8.
    """
    data = load_digits()
    pixels = (data.images[:COUNT] * (255 / 16)).astype(np.uint8)
    scaled = pixels.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    return scaled[..., None], data.target[:COUNT].astype(np.int32)


def example(kind: str, side: int = 32) -> Example:
    """Return the digits with targets of a kind.

    Args:
        kind: one of `KINDS`.
        side: height and width of the images, a multiple of 8.
    """
    images, labels = digits(side)
    ink = images[..., 0] > 127
    match kind:
        case "label":
            names = tuple(str(digit) for digit in range(10))
            counts = tuple(np.bincount(labels, minlength=10).tolist())
            return _example(images, labels, LabelInfo(classes=names, class_counts=counts))
        case "labels":
            table = np.stack([labels % 2 == 0, labels >= 5, labels % 3 == 0], axis=1).astype(np.uint8)
            names = ("even", "large", "divisible by 3")
            return _example(images, table, LabelsInfo(classes=names, class_counts=tuple(table.sum(axis=0).tolist())))
        case "numbers":
            numbers = np.stack([labels, images.mean(axis=(1, 2, 3))], axis=1).astype(np.float64)
            # Tasks receive standardised numbers.
            standardised = ((numbers - numbers.mean(axis=0)) / numbers.std(axis=0)).astype(np.float32)
            info = NumbersInfo(names=("digit", "brightness"), mean=(0.0, 0.0), std=(1.0, 1.0))
            return _example(images, standardised, info)
        case "mask":
            classes = MaskInfo(classes=("paper", "ink"), class_counts=(COUNT, COUNT))
            return _example(images, ink.astype(np.uint8), classes)
        case "boxes":
            return _boxes(images, labels, ink)
        case "image":
            noise = np.random.default_rng(0).normal(0, 20, images.shape)
            noisy = np.clip(images + noise, 0, 255).astype(np.uint8)
            return _example(noisy, images, TargetImageInfo(scale=1))
    raise ValueError(f"expected one of {', '.join(KINDS)}; received '{kind}'")


def _boxes(images: Array, labels: Array, ink: Array) -> Example:
    boxes = np.zeros((COUNT, 2, 5), np.float32)
    boxes[:, :, 4] = -1
    for index, shown in enumerate(ink):
        rows, columns = np.nonzero(shown)
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        boxes[index, 0] = (left, top, right, bottom, labels[index] % 2)
    counts = tuple(np.bincount(labels % 2, minlength=2).tolist())
    return _example(images, boxes, BoxesInfo(classes=("even", "odd"), class_counts=counts, max_boxes=2))


def _example(images: Array, targets: Array, target: Any) -> Example:
    mean, std = float(images.mean()), float(images.std())
    image = ImageInfo(shape=images.shape[1:], mean=(mean,), std=(std,))
    return Example(DataInfo(inputs={"image": image}, target=target, train_size=COUNT), images, targets)
