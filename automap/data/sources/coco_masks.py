"""COCO's polygons and run lengths as masks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from automap.data.decode.image import BadImage
from automap.data.sources.coco_file import CocoFile, CocoImage, of_category, open_coco
from automap.data.sources.coco_shapes import shape_mask
from automap.data.sources.files import file_record
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample

MOST_CATEGORIES = 254
"""Of the 256 values of a pixel one is the background and one is no class."""


class ShapesMask(NamedTuple):
    """A mask of shapes, drawn when it is decoded."""

    height: int
    width: int
    shapes: tuple[tuple[int, Any], ...]
    """Class index and segmentation of each, the last on top."""
    version: str

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        return self.height, self.width, 1

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Array:
        """Return class indices ``(height, width)``, uint8, 0 where no shape is.

        Raises:
            BadImage: if a shape is damaged.
        """
        mask = np.zeros((self.height, self.width), np.uint8)
        for index, segmentation in self.shapes:
            try:
                mask[shape_mask(segmentation, self.height, self.width)] = index
            except (ValueError, TypeError) as error:
                raise BadImage(str(error)) from None
        return mask


class CocoMasks(Dataset):
    """COCO's annotations of instances as masks: a class for each category, and ``background``, the first.

    Where shapes overlap, the smaller one is on top.
    """

    target = "mask"

    path: DataPath = Field(description="the JSON file of annotations, or a folder with one for each split")
    images: DataPath | None = Field(
        None, description="the folder of the images that it names; left out: beside the file"
    )

    @cached_property
    def _files(self) -> list[CocoFile]:
        return open_coco(self.path, self.images)

    @property
    def class_names(self) -> tuple[str, ...]:
        """``background`` and the categories in the order of their numbers.

        Raises:
            DataError: if a file cannot be read or is none of COCO's.
        """
        return ("background", *self._files[0].categories.values())

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image, in the files' order.

        Raises:
            DataError: if a file cannot be read, is none of COCO's, or has more categories than a mask holds.
        """
        numbers = list(self._files[0].categories)
        if len(numbers) > MOST_CATEGORIES:
            raise DataError(f"dataset.path: {self.path} has {len(numbers)} categories; a mask holds {MOST_CATEGORIES}")
        indices = {number: index for index, number in enumerate(numbers, start=1)}
        for file in self._files:
            yield from file.undescribed()
            for image in file.described():
                yield _record(image, indices)


def _record(image: CocoImage, indices: Mapping[int, int]) -> Sample | BadSample:
    found = file_record(image.path, image.name, "", split=image.split)
    if isinstance(found, BadSample):
        return found
    shapes = image.read(partial(_shape, indices))
    if isinstance(shapes, BadSample):
        return shapes
    height, width = (image.about.get(side) for side in ("height", "width"))
    if not isinstance(height, int) or not isinstance(width, int):
        return BadSample(image.name, "the file does not tell its height and width")
    shapes.sort(key=lambda shape: -shape[0])
    drawn = tuple((index, segmentation) for _, index, segmentation in shapes if segmentation)
    version = hashlib.blake2b(json.dumps(drawn).encode(), digest_size=16).hexdigest()
    return found._replace(target=ShapesMask(height, width, drawn, version))


def _shape(indices: Mapping[int, int], annotation: dict[str, Any]) -> tuple[float, int, Any]:
    """Return area, class index and segmentation."""
    return float(annotation.get("area", 0)), of_category(annotation, indices), annotation.get("segmentation")
