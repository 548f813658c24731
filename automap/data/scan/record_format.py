"""Choosing the format of records, their size, channels, bit depth and value range, from a sample of a data set."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.decode.files import Pixels, quietly, read_file
from automap.data.decode.header import Header, read_header
from automap.data.decode.raw import RawImage, open_image
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import FileSource, ImageSource, Sample

SMALLEST_SIDE = 8
"""Shortest side of a record."""
NATIVE_SIDE = 256
"""Images that all have one size keep it up to this side."""
SIDES = (32, 48, 64, 96, 128, 160, 192, 224)
"""Sides of square records for images that differ in size, or are larger."""
ELONGATED = 2.0
"""Images whose longer side is this many times the shorter one, at the median, get records that are not square."""
MAX_SIDE = 512
"""Longest side of a record that is not square."""
RANGE_IMAGES = 256
"""Images that are read in full to find the value range of a data set."""
_EIGHT_BIT_STEPS = 0.05
"""How far values may be from a multiple of 1/255 of their range, in such steps, and still have been 8 bits once."""


def find_format(dataset: Dataset, sample: Sequence[Sample]) -> ImageInfo:
    """Return the format of a data set's records; whatever the spec leaves open is found in a sample.

    Args:
        dataset: the data set.
        sample: some of its samples, the same each time.

    Returns:
        The description without statistics.

    Raises:
        DataError: if the spec contradicts the data.
    """
    headers = [(each.image, header) for each in sample if (header := read_header(each.image)) is not None]
    # A target image is stored by the same range as its input.
    targets = [each.target for each in sample] if dataset.target == "image" else []
    aimed = [(image, header) for image in targets if (header := read_header(image)) is not None]
    depth, source_range = _find_values(dataset, [*headers, *aimed])
    shape = _shape(dataset, [header for _, header in headers])
    return ImageInfo(shape=shape, resize=dataset.resize, bit_depth=depth, source_range=source_range)


def _shape(dataset: Dataset, headers: Sequence[Header]) -> tuple[int, int, int]:
    size = dataset.image_size or _fitting_size([header[:2] for header in headers])
    height, width = (size, size) if isinstance(size, int) else size
    return height, width, dataset.channels or _fitting_channels(headers)


def _fitting_channels(headers: Sequence[Header]) -> int:
    counts = Counter(header.channels for header in headers)
    if not counts or set(counts) == {1, 3}:
        return 3
    return counts.most_common(1)[0][0]


def _fitting_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if not sizes:
        return SIDES[0], SIDES[0]
    if len(set(sizes)) == 1 and min(sizes[0]) >= SMALLEST_SIDE and max(sizes[0]) <= NATIVE_SIDE:
        return sizes[0]
    height, width = (float(np.median([size[axis] for size in sizes])) for axis in (0, 1))
    if max(height, width) >= ELONGATED * min(height, width):
        return _elongated(height, width)
    short = float(np.median([min(size) for size in sizes]))
    side = max((side for side in SIDES if side <= short), default=SIDES[0])
    return side, side


def _elongated(height: float, width: float) -> tuple[int, int]:
    """Return a size of about the same aspect, with no more pixels than the largest square and no longer side."""
    scale = min(1.0, MAX_SIDE / max(height, width), SIDES[-1] / math.sqrt(height * width))
    return max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale))


def _find_values(
    dataset: Dataset, headers: Sequence[tuple[Pixels, Header]]
) -> tuple[Literal[8, 16], tuple[float, float] | None]:
    """Return the bit depth, and the value range where values are not stored as they are."""
    deep = [image for image, header in headers if header.dtype not in {"uint8", "bool"}]
    if not deep:
        if dataset.value_range is not None:
            raise DataError(
                "dataset.value_range: it applies to images with floats or more than 8 bits, but every image has 8 bits"
            )
        return dataset.bit_depth or 8, None
    whole = all(header.dtype in {"uint8", "bool", "uint16"} for _, header in headers)
    asked: Literal[8, 16] | None = 8 if dataset.target == "image" else dataset.bit_depth
    if dataset.target == "image" and dataset.bit_depth == 16:
        raise DataError("dataset.bit_depth: 16 is not supported where the target is an image; leave it out")
    if dataset.value_range is not None:
        return asked or 16, dataset.value_range
    if whole and asked != 8:
        return 16, None
    seen = _values_in(deep)
    if seen is None:
        return asked or 16, (0.0, 1.0)
    if whole:
        return 8, seen.exact_range
    return asked or (8 if seen.were_eight_bits else 16), seen.range


@dataclass(frozen=True)
class _Seen:
    """Values found in a sample of images."""

    low: float
    high: float
    whole: bool
    """Whether all are whole numbers."""
    in_steps: bool
    """Whether all are multiples of 1/255 of their range."""

    @property
    def range(self) -> tuple[float, float]:
        """The values to store as black and as white."""
        if self.low < 0 or self.low > self.high / 2:
            return self.exact_range
        if self.whole and self.high > 1:
            # Whole numbers were stored with 8 or 16 bits, whatever their type is now.
            return 0.0, max(self.high, 255.0)
        return 0.0, (1.0 if self.high <= 1 else self.high)

    @property
    def exact_range(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.low, self.high if self.high > self.low else self.low + 1.0

    @property
    def were_eight_bits(self) -> bool:
        """Whether 8 bits hold all of them exactly."""
        return self.low >= 0 and ((self.whole and 1 < self.high <= 255) or self.in_steps)


def _values_in(images: Sequence[Pixels]) -> _Seen | None:
    step = max(1, len(images) // RANGE_IMAGES)
    found = [seen for values in _arrays(images[::step]) if (seen := _extremes(values)) is not None]
    if not found:
        return None
    low, high = min(each[0] for each in found), max(each[1] for each in found)
    first = _Seen(low, high, all(each[2] for each in found), in_steps=False)
    top = first.range[1]
    in_steps = low >= 0 and all(_in_steps(values, top) for values in _arrays(images[::step][:16]))
    return _Seen(low, high, first.whole, in_steps)


def _arrays(images: Iterable[Pixels]) -> Iterable[Array]:
    for image in images:
        try:
            with quietly():
                source = image.file if isinstance(image, FileSource) else image
                assert not isinstance(source, ImageSource)
                opened = open_image(read_file(source) if isinstance(source, Path) else source)
                values = opened.load() if isinstance(opened, RawImage) else None
        except (BadImage, OSError, ValueError, SyntaxError):
            continue  # Reported with its reason when it is decoded.
        if values is not None:
            yield values


def _extremes(values: Array) -> tuple[float, float, bool] | None:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)
    if not finite.size:
        return None
    whole = finite.dtype.kind != "f" or bool((finite == np.round(finite)).all())
    return float(finite.min()), float(finite.max()), whole


def _in_steps(values: Array, top: float) -> bool:
    steps = np.nan_to_num(values.astype(np.float64)) * (255 / top)
    return bool((np.abs(steps - steps.round()) <= _EIGHT_BIT_STEPS).all())
