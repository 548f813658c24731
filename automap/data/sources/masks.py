"""A folder of images and a folder of masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from automap.data.decode.image import IGNORED, BadImage, image_header, mask_values
from automap.data.sources.paired_files import matching_files
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample

Value = Annotated[int, Field(ge=0, le=255)]


class MaskFile(NamedTuple):
    """A mask in a file, read when it is decoded."""

    path: Path
    version: str
    values: tuple[int, ...]
    """The value of each class; empty where values are class indices."""
    ignored: int | None
    """The value of pixels that count nowhere."""

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        return image_header(self.path)

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Array:
        """Return class indices ``(height, width)``, uint8, of the whole mask.

        Raises:
            BadImage: if it is no mask, or has a value that is no class's.
        """
        with Image.open(self.path) as picture:
            found = mask_values(picture)
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
            raise BadImage(f"its mask has the value {found[indices < 0][0]}, which is in none of dataset.values")
        return indices.astype(np.uint8)


class Masks(Dataset):
    """A folder of images and one of masks, PNG with a palette or in grey, paired by name.

    The class of a pixel is its value in the mask: 0 is the first class. ``path/images/a.jpg`` belongs to
    ``path/masks/a.png``. If images lie in folders named train, val and test, these are the splits.
    """

    target = "mask"

    path: DataPath = Field(description="the folder in which both folders lie")
    images: str = Field("images", description="name of the folder of images")
    masks: str = Field("masks", description="name of the folder of masks")
    suffix: str = Field("", description="what a mask's name has after its image's, such as _mask")
    classes: tuple[str, ...] = Field((), description="names of the classes in the order of their values")
    class_file: DataPath | None = Field(None, description="a text with a class's name in each line, instead")
    values: tuple[Value, ...] = Field(
        (), description="the value of each class, such as [0, 255]; left out: 0, 1, 2 and so on"
    )
    ignore: Value | None = Field(None, description="value of pixels that count nowhere; left out: 255, if no class's")

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("values: one stands twice")
        if self.values and self.classes and len(self.values) != len(self.classes):
            raise ValueError(f"there are {len(self.classes)} classes, but {len(self.values)} values")
        if self.ignore is not None and self.ignore in self.values:
            raise ValueError(f"ignore: {self.ignore} is the value of a class")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their values; empty where the spec names none and no values either.

        Raises:
            DataError: if the file that names them cannot be read.
        """
        if self.class_file is None:
            return self.classes or tuple(str(value) for value in self.values)
        try:
            lines = self.class_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"dataset.class_file: {self.class_file} cannot be read: {error}") from None
        return tuple(line.strip() for line in lines if line.strip())

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image, in the order of names.

        Raises:
            DataError: if a folder is missing.
        """
        ignored = self.ignore if self.ignore is not None or IGNORED in self.values else IGNORED
        for found in matching_files(self.path / self.images, self.path / self.masks, self.suffix, "mask"):
            if isinstance(found, BadSample):
                yield found
                continue
            version = f"{found.other_version}-{self.values}-{ignored}"
            mask = MaskFile(found.other, version, self.values, ignored)
            yield Sample(found.name, {IMAGE: found.image}, mask, found.image_version, split=found.split)
