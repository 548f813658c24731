"""COCO's polygons and run lengths as masks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from automap.data.coco_shapes import shape_mask
from automap.data.datasets.coco_file import by_image, read_coco
from automap.data.datasets.files import file_record
from automap.data.decode import BadImage
from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record

Array = np.ndarray[Any, Any]


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

    path: DataPath = Field(description="the JSON file of annotations")
    images: DataPath = Field(description="the folder of the images that it names")

    @cached_property
    def _content(self) -> dict[str, Any]:
        return read_coco(self.path)

    @cached_property
    def _categories(self) -> dict[int, int]:
        """Class index by the number of a category."""
        numbers = sorted(int(category["id"]) for category in self._content["categories"])
        if len(numbers) > 254:
            raise DataError(f"dataset.path: {self.path} has {len(numbers)} categories; a mask holds 254")
        return {number: index for index, number in enumerate(numbers, start=1)}

    @property
    def class_names(self) -> tuple[str, ...]:
        """``background`` and the categories in the order of their numbers.

        Raises:
            DataError: if the file cannot be read or is none of COCO's.
        """
        categories = sorted(self._content["categories"], key=lambda category: int(category["id"]))
        return ("background", *(str(category["name"]) for category in categories))

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every image of the file, in its order.

        Raises:
            DataError: if the file cannot be read or is none of COCO's.
        """
        annotations = by_image(self._content)
        for image in self._content["images"]:
            name = str(image.get("file_name"))
            found = file_record(self.images / name, name, "")
            if isinstance(found, BadRecord):
                yield found
                continue
            try:
                yield found._replace(target=self._mask(image, annotations.get(image["id"], [])))
            except (KeyError, TypeError, ValueError) as error:
                yield BadRecord(name, f"its annotations are damaged: {error}")

    def _mask(self, image: dict[str, Any], annotations: list[dict[str, Any]]) -> ShapesMask:
        drawn = [each for each in annotations if each.get("segmentation")]
        drawn.sort(key=lambda each: -float(each.get("area", 0)))
        shapes = tuple((self._categories[each["category_id"]], each["segmentation"]) for each in drawn)
        version = hashlib.blake2b(json.dumps(shapes).encode(), digest_size=16).hexdigest()
        return ShapesMask(int(image["height"]), int(image["width"]), shapes, version)
