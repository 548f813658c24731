"""NumPy arrays as records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE, Sample, SplitName


def array_records(images: Array, labels: Array, split: SplitName | None = None, prefix: str = "") -> Iterator[Sample]:
    """Yield one record an image.

    Args:
        images: ``(records, height, width[, channels])``; uint8, or floats from 0 to 1, or whole numbers from 0.
        labels: ``(records,)`` or ``(records, 1)``, numbers or texts.
        split: the split of all of them.
        prefix: of their names.

    Raises:
        DataError: if the shapes do not fit, or values are negative or not finite.
    """
    images, labels = _checked(images, labels)
    width = len(str(len(images)))
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        version = hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()
        yield Sample(f"{prefix}{index:0{width}d}", {IMAGE: image}, _label(label), version, split=split)


def _label(label: Any) -> str:
    if isinstance(label, np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)


def _checked(images: Array, labels: Array) -> tuple[Array, Array]:
    if images.ndim not in {3, 4} or (images.ndim == 4 and images.shape[-1] not in {1, 3, 4}):
        raise DataError(
            f"images have the shape {images.shape}; expected (records, height, width) or with 1, 3 or 4 channels last"
        )
    if labels.shape not in {(len(images),), (len(images), 1)}:
        raise DataError(f"{len(images)} images and labels of the shape {labels.shape}; expected one label an image")
    return to_uint8(images), labels.reshape(-1)


def to_uint8(images: Array) -> Array:
    """Return images as uint8: floats up to 1 are scaled, up to 255 rounded, 16 bit scaled; true is white.

    Raises:
        DataError: if they are no numbers, negative or not finite.
    """
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind not in "uifb":
        raise DataError(f"images are of the type {images.dtype}; expected numbers")
    if images.dtype.kind == "b":
        return images * np.uint8(255)
    low, high = float(images.min(initial=0)), float(images.max(initial=0))
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0:
        raise DataError(f"images have values from {low:g} to {high:g}; expected 0 to 1, 0 to 255, or 0 to 65535")
    unit = 1.0 if images.dtype.kind == "f" and high <= 1 else 255.0 if high <= 255 else 65535.0
    return (images * (255.0 / unit)).round().astype(np.uint8)
