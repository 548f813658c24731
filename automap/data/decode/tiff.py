"""TIFF files that Pillow cannot read in full: several pages or channels, and more than 8 bits in colour."""

from __future__ import annotations

import lzma
import math
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.decode.npy import SMALLEST_SIDE
from automap.interfaces.array import Array

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 274
_ALPHA = {1, 2}
"""Kinds of extra samples that are transparency."""
_PILLOW_READS = frozenset({"bool", "uint8", "uint16", "int16", "int32", "float32"})
"""Types for which Pillow reads an image with one page and one channel."""

Description = tuple[tuple[int, int, int], str, Callable[[], Array], bool, int]
"""Shape, type, loader, whether the last channel is transparency, and orientation."""


def is_tiff(start: bytes) -> bool:
    """Return whether a file that starts so is a TIFF."""
    return start[:4] in _MAGIC


def tiff_image(source: Path | bytes) -> Description | None:
    """Describe a TIFF image; None if Pillow reads all of it.

    Grey pages of one size are channels of one image, as are planes and samples of a page. Of several pages in colour,
    and of several resolutions, the first is taken.
    """
    import tifffile

    try:
        with tifffile.TiffFile(_file(source)) as file:
            series, page = file.series[0], file.pages.first
            layout = _Layout(series.axes, tuple(int(size) for size in series.shape))
            dtype, samples = np.dtype(series.dtype).name, int(page.samplesperpixel)
            extra = {int(each) for each in page.extrasamples}
            orientation = int(page.tags[_ORIENTATION].value) if _ORIENTATION in page.tags else 1
    except Exception:
        # Damaged or unusual: left to Pillow, which reads it or gives the reason.
        return None
    plain = layout.channels == 1 and dtype in _PILLOW_READS
    if plain or (dtype == "uint8" and samples in {3, 4} and layout.channels == samples and not extra - _ALPHA):
        return None
    has_alpha = bool(extra & _ALPHA) and layout.channels == samples
    return layout.shape, dtype, lambda: _load(source, layout), has_alpha, orientation


class _Layout:
    """Where height, width and channels are among the axes of a series of pages.

    Args:
        axes: a letter for each axis: ``Y`` and ``X``, ``S`` for samples of a pixel, others for planes and pages.
        shape: length of each axis.
    """

    def __init__(self, axes: str, shape: tuple[int, ...]) -> None:
        self._axes = axes
        self._rows, self._columns = axes.index("Y"), axes.index("X")
        self._samples = axes.find("S")
        others = [axis for axis in range(len(axes)) if axis not in {self._rows, self._columns, self._samples}]
        if len(others) == 1 and self._samples < 0 and shape[self._columns] < SMALLEST_SIDE <= shape[others[0]]:
            # An array (height, width, channels) without metadata: one page for each row.
            self._rows, self._columns, others = others[0], self._rows, [self._columns]
        # Pages that are in colour are images of their own.
        self._first_only = others if self._samples >= 0 else []
        planes = [self._samples] if self._samples >= 0 else others
        self._planes = planes
        self.channels = math.prod(shape[axis] for axis in planes)
        self.shape = shape[self._rows], shape[self._columns], self.channels

    def arrange(self, values: Array) -> Array:
        """Return values of all axes as ``(height, width, channels)``."""
        chosen: list[Any] = [0 if axis in self._first_only else slice(None) for axis in range(values.ndim)]
        order = [self._rows, self._columns, *self._planes]
        kept = sorted(order)
        return np.asarray(values[tuple(chosen)]).transpose([kept.index(axis) for axis in order]).reshape(self.shape)


def _load(source: Path | bytes, layout: _Layout) -> Array:
    import tifffile

    with tifffile.TiffFile(_file(source)) as file:
        _refuse_bombs(file)
        try:
            values = np.asarray(file.series[0].asarray())
        except ValueError as error:
            if "imagecodecs" in str(error):
                raise BadImage(
                    "TIFF compression needs imagecodecs: pip install 'automap[tiff]'", str(error).split(" requires")[0]
                ) from None
            raise
        return layout.arrange(values)


_DECOMPRESSORS: dict[int, tuple[int, Callable[[], Any]]] = {
    8: (1032, zlib.decompressobj),
    32946: (1032, zlib.decompressobj),
    34925: (8000, lzma.LZMADecompressor),
}
"""By the number of a compression: how many times its size a segment may take, and what decompresses it."""
_SMALL_BYTES = 2**26
"""Memory that a segment may take in any case."""


def _refuse_bombs(file: Any) -> None:
    """Refuse segments that decompress to more than their part of the image: tifffile would fill the memory."""
    page = file.pages.first
    if page.compression not in _DECOMPRESSORS:
        return
    ratio, decompressor = _DECOMPRESSORS[page.compression]
    most = max(_SMALL_BYTES, 2 * math.prod(page.chunks) * page.dtype.itemsize)
    for each in file.series[0].pages:
        for offset, count in zip(each.dataoffsets, each.databytecounts, strict=False):
            if count * ratio > most:
                file.filehandle.seek(offset)
                if len(decompressor().decompress(file.filehandle.read(count), most + 1)) > most:
                    raise BadImage("damaged", "a segment decompresses to more than its part of the image")


def _file(source: Path | bytes) -> BytesIO | Path:
    return BytesIO(source) if isinstance(source, bytes) else source
