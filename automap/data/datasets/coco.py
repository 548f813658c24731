"""COCO's boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import Field

from automap.data.datasets.coco_file import by_image, read_coco
from automap.data.datasets.files import file_record
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record


class Coco(Dataset):
    """COCO's annotations of instances as boxes; those of crowds are left out."""

    target = "boxes"

    path: DataPath = Field(description="the JSON file of annotations")
    images: DataPath = Field(description="the folder of the images that it names")

    @cached_property
    def _content(self) -> dict[str, Any]:
        return read_coco(self.path)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The categories in the order of their numbers.

        Raises:
            DataError: if the file cannot be read or is none of COCO's.
        """
        categories = sorted(self._content["categories"], key=lambda category: int(category["id"]))
        return tuple(str(category["name"]) for category in categories)

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every image of the file, in its order.

        Raises:
            DataError: if the file cannot be read or is none of COCO's.
        """
        names = {category["id"]: str(category["name"]) for category in self._content["categories"]}
        annotations = by_image(self._content)
        for image in self._content["images"]:
            name = str(image.get("file_name"))
            try:
                found = [each for each in annotations.get(image["id"], []) if not each.get("iscrowd")]
                boxes = [_box(names[each["category_id"]], each["bbox"]) for each in found]
            except (KeyError, TypeError, ValueError) as error:
                yield BadRecord(name, f"its annotations are damaged: {error!r}")
                continue
            yield file_record(self.images / name, name, boxes)


def _box(label: str, box: Any) -> tuple[str, float, float, float, float]:
    left, top, width, height = (float(number) for number in box)
    return label, left, top, left + width, top + height
