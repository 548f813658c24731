"""COCO's polygons and run-length encodings as masks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.sources.coco_dataset import CocoDataset
from automap.data.sources.coco_file import CocoImage, of_category, unlisted_images
from automap.data.sources.coco_shapes import shape_mask
from automap.data.sources.files import file_record
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.sample import BadSample, Notice, Sample

MOST_CATEGORIES = 254
"""A pixel has 256 values; one is the background, one is ignored."""


MAX_PIXELS = 300_000_000
"""Most pixels of a mask: what is stated is allocated before any image is read."""


class ShapesMask(NamedTuple):
    """A mask of shapes, drawn when it is decoded."""

    height: int
    width: int
    shapes: tuple[tuple[int, Any], ...]
    """Class index and segmentation of each; the last is on top."""
    version: str

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        return self.height, self.width, 1

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Array:
        """Return class indices ``(height, width)``, uint8, 0 for the background.

        Raises:
            BadImage: if a shape is damaged.
        """
        mask = np.zeros((self.height, self.width), np.uint8)
        for index, segmentation in self.shapes:
            try:
                mask[shape_mask(segmentation, self.height, self.width)] = index
            except (ValueError, TypeError, OverflowError) as error:
                raise BadImage(str(error)) from None
        return mask


class CocoMasks(CocoDataset):
    """COCO's instance annotations as masks: ``background`` and a class for each category.

    Where shapes overlap, the smaller one is on top.
    """

    target = "mask"

    @property
    def class_names(self) -> tuple[str, ...]:
        """``background`` and the categories in the order of their ids.

        Raises:
            DataError: if a file cannot be read or is not a COCO file.
        """
        return ("background", *self._files[0].categories.values())

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image, in the files' order.

        Raises:
            DataError: if a file cannot be read, is not a COCO file, or has more categories than a mask holds.
        """
        numbers = list(self._files[0].categories)
        if len(numbers) > MOST_CATEGORIES:
            raise DataError(f"dataset.path: {self.path} has {len(numbers)} categories; a mask holds {MOST_CATEGORIES}")
        indices = {number: index for index, number in enumerate(numbers, start=1)}
        yield from unlisted_images(self._files)
        for file in self._files:
            yield from file.undescribed()
            for image in file.described():
                if not image.annotations:
                    yield Notice(image.name, "images without annotations, used as background")
                elif not all(annotation.get("segmentation") for annotation in image.annotations):
                    yield Notice(image.name, "images with annotations without a shape, which are not drawn")
                yield _record(image, indices)


def _record(image: CocoImage, indices: Mapping[int, int]) -> Sample | BadSample:
    found = file_record(image.path, image.name, "", split=image.split, stated=image.name)
    if isinstance(found, BadSample):
        return found
    shapes = image.read(partial(_shape, indices))
    if isinstance(shapes, BadSample):
        return shapes
    if image.size is None:
        return BadSample(image.name, "the annotation file does not state its height and width")
    height, width = image.size
    if height * width > MAX_PIXELS:
        return BadSample(image.name, "the annotation file states an absurd height and width")
    shapes.sort(key=lambda shape: -shape[0])
    drawn = tuple((index, segmentation) for _, index, segmentation in shapes if segmentation)
    version = hashlib.blake2b(json.dumps(drawn).encode(), digest_size=16).hexdigest()
    return found._replace(target=ShapesMask(height, width, drawn, version))


def _shape(indices: Mapping[int, int], annotation: dict[str, Any]) -> tuple[float, int, Any]:
    """Return area, class index and segmentation."""
    area = annotation.get("area") or 0
    if not isinstance(area, int | float):
        raise ValueError("its area is not a number")
    return float(area), of_category(annotation, indices), annotation.get("segmentation")
