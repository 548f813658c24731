"""COCO's boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import Field

from automap.data.datasets.coco_file import CocoFile, open_coco
from automap.data.datasets.files import file_record
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record


class Coco(Dataset):
    """COCO's annotations of instances as boxes; nothing is learned of crowds, and what is found in them not judged."""

    target = "boxes"

    path: DataPath = Field(description="the JSON file of annotations, or a folder with one for each split")
    images: DataPath | None = Field(
        None, description="the folder of the images that it names; left out: beside the file"
    )

    @cached_property
    def _files(self) -> list[CocoFile]:
        return open_coco(self.path, self.images)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The categories in the order of their numbers.

        Raises:
            DataError: if a file cannot be read or is none of COCO's.
        """
        return tuple(self._files[0].categories.values())

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every image, in the files' order.

        Raises:
            DataError: if a file cannot be read or is none of COCO's.
        """
        for file in self._files:
            categories = file.categories
            for image in file.described():
                try:
                    boxes = [_box(categories[each["category_id"]], each) for each in image.annotations]
                except (KeyError, TypeError, ValueError) as error:
                    yield BadRecord(image.name, f"its annotations are damaged: {error!r}")
                    continue
                yield file_record(image.path, image.name, boxes, split=image.split)


def _box(label: str, annotation: dict[str, Any]) -> tuple[Any, ...]:
    left, top, width, height = (float(number) for number in annotation["bbox"])
    box = label, left, top, left + width, top + height
    return (*box, True) if annotation.get("iscrowd") else box
