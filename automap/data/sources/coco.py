"""COCO's boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from pydantic import Field

from automap.data.sources.box_edges import checked_edges
from automap.data.sources.coco_file import CocoFile, of_category, open_coco
from automap.data.sources.files import file_record
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample


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

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image, in the files' order.

        Raises:
            DataError: if a file cannot be read or is none of COCO's.
        """
        for file in self._files:
            yield from file.undescribed()
            read = partial(_box, file.categories)
            for image in file.described():
                boxes = image.read(read)
                if isinstance(boxes, BadSample):
                    yield boxes
                else:
                    yield file_record(image.path, image.name, boxes, split=image.split)


def _box(categories: Mapping[int, str], annotation: dict[str, Any]) -> tuple[Any, ...]:
    label = of_category(annotation, categories)
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError("its bbox is not a list of x, y, width and height")
    left, top, width, height = map(float, box)
    edges = checked_edges(left, top, left + width, top + height)
    return (label, *edges, True) if annotation.get("iscrowd") else (label, *edges)
