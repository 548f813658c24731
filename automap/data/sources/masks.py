"""A folder of images and a folder of masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from automap.data.decode.errors import BadImage
from automap.data.decode.header import image_header
from automap.data.decode.mask import IGNORED, read_mask
from automap.data.sources.files import read_text
from automap.data.sources.layout import JPEG_SUFFIXES, composed
from automap.data.sources.paired_files import Match, folder_pairs, matching_files
from automap.interfaces.array import Array
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Notice, Sample

JPEG_MASK = "its mask is a JPEG file, whose lossy compression changes class indices; save masks as PNG"

Value = Annotated[int, Field(ge=0, le=255)]


class MaskFile(NamedTuple):
    """A mask in a file."""

    path: Path
    version: str
    values: tuple[int, ...]
    """The value of each class; empty where values are class indices."""
    ignored: int | None
    """The value of pixels to ignore."""

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        return image_header(self.path)

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Array:
        """Return class indices ``(height, width)``, uint8, of the whole mask.

        Raises:
            BadImage: if it cannot be read, or has a value that is not a class.
        """
        found = read_mask(self.path)
        return self._table()[found] if not self.values else self._mapped(found)

    def _table(self) -> Array:
        table = np.arange(256, dtype=np.uint8)
        if self.ignored is not None:
            table[self.ignored] = IGNORED
        return table

    def _mapped(self, found: Array) -> Array:
        table = np.full(256, -1)
        table[list(self.values)] = np.arange(len(self.values))
        if self.ignored is not None:
            table[self.ignored] = IGNORED
        indices = table[found]
        if indices.min(initial=0) < 0:
            raise BadImage("its mask has a value that is not in dataset.values", str(found[indices < 0][0]))
        return indices.astype(np.uint8)


class Masks(Dataset):
    """A folder of images and a folder of masks (PNG with a palette or in grey), paired by name.

    The class of a pixel is its value in the mask: 0 is the first class. ``path/images/a.jpg`` belongs to
    ``path/masks/a.png``. Folders named as splits (train, val, test, …) above or below these two are splits.
    """

    target = "mask"

    path: DataPath = Field(description="the folder that contains both folders")
    images: str = Field("images", description="name of the folder of images")
    masks: str = Field("masks", description="name of the folder of masks")
    suffix: str = Field("", description="ending of a mask's name after its image's name, such as _mask")
    classes: tuple[str, ...] = Field((), description="names of the classes, in the order of their values")
    class_file: DataPath | None = Field(None, description="a text file with a class name on each line, instead")
    values: tuple[Value, ...] = Field(
        (), description="the value of each class, such as [0, 255]; left out: 0, 1, 2 and so on"
    )
    ignore: Value | None = Field(None, description="value of pixels to ignore; if left out, 255, unless it is a class")

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("values: duplicate value")
        if self.values and self.classes and len(self.values) != len(self.classes):
            raise ValueError(f"there are {len(self.classes)} classes, but {len(self.values)} values")
        if self.ignore is not None and self.ignore in self.values:
            raise ValueError(f"ignore: {self.ignore} is the value of a class")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their values; empty if the spec names neither classes nor values.

        Raises:
            DataError: if the file that names them cannot be read.
        """
        if self.class_file is None:
            return self.classes or tuple(str(value) for value in self.values)
        lines = read_text(self.class_file, "class_file").splitlines()
        return tuple(composed(line.strip()) for line in lines if line.strip())

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image, by name.

        Raises:
            DataError: if a folder is missing.
        """
        for pair in folder_pairs(self.path, self.images, self.masks):
            for found in matching_files(pair, self.suffix, "mask"):
                yield self._sample(found) if isinstance(found, Match) else found

    def _sample(self, found: Match) -> Sample | BadSample:
        if found.other.suffix.lower() in JPEG_SUFFIXES:
            return BadSample(found.name, JPEG_MASK)
        ignored = self.ignore if self.ignore is not None or IGNORED in self.values else IGNORED
        version = f"{found.other_version}-{self.values}-{ignored}"
        mask = MaskFile(found.other, version, self.values, ignored)
        return Sample(found.name, {IMAGE: found.image}, mask, found.image_version, split=found.split)
