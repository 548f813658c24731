"""NumPy arrays as samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from automap.data.sources.table_targets import label_text
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.dataset import MAX_CHANNELS
from automap.interfaces.sample import IMAGE, BadSample, Sample, SplitName


def array_records(
    images: Array, labels: Array, split: SplitName | None = None, prefix: str = ""
) -> Iterator[Sample | BadSample]:
    """Yield one sample for each image.

    Args:
        images: ``(images, height, width[, channels])``, any numeric type.
        labels: ``(images,)`` or ``(images, 1)``, numbers or texts.
        split: the split of all of them.
        prefix: of their names.

    Raises:
        DataError: if the shapes do not agree, or the images are not numbers.
    """
    images, labels = _checked(images, labels)
    width = len(str(len(images)))
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        name, text = f"{prefix}{index:0{width}d}", _label(label)
        if not text:
            yield BadSample(name, "no label")
            continue
        version = hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()
        yield Sample(name, {IMAGE: image}, text, version, split=split)


def _label(label: Any) -> str:
    """Return a label as text; empty if there is none, as NaN says."""
    if isinstance(label, np.floating) and not np.isfinite(label):
        return ""
    return label_text(label.item() if isinstance(label, np.generic) else label)


def _checked(images: Array, labels: Array) -> tuple[Array, Array]:
    if images.ndim not in {3, 4} or (images.ndim == 4 and not 1 <= images.shape[-1] <= MAX_CHANNELS):
        raise DataError(
            f"images have the shape {images.shape}; expected (images, height, width) or (images, height, width, "
            f"channels) with at most {MAX_CHANNELS} channels"
        )
    if images.ndim == 4 and images.shape[1] <= 4 < images.shape[3]:
        raise DataError(
            f"images have the shape {images.shape}, with channels first; expected (images, height, width, channels)"
        )
    if labels.shape not in {(len(images),), (len(images), 1)}:
        raise DataError(
            f"{len(images)} images and labels of the shape {labels.shape}; expected one label for each image"
        )
    if images.dtype.kind not in "uifb":
        raise DataError(f"images are of the type {images.dtype}; expected numbers")
    return images, labels.reshape(-1)
