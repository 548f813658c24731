"""COCO's boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from automap.data.sources.box_edges import BEYOND, DUPLICATE, checked_edges, distinct, reaches_beyond
from automap.data.sources.coco_content import whole_number
from automap.data.sources.coco_dataset import CocoDataset
from automap.data.sources.coco_file import CocoImage, of_category, unlisted_images
from automap.data.sources.files import file_record
from automap.interfaces.sample import BadSample, Boxes, Notice, Sample


class Coco(CocoDataset):
    """COCO's instance annotations as boxes; crowd regions (``iscrowd``) are ignored in training and evaluation."""

    target = "boxes"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The categories in the order of their ids.

        Raises:
            DataError: if a file cannot be read or is not a COCO file.
        """
        return tuple(self._files[0].categories.values())

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image, in the order of the files.

        Raises:
            DataError: if a file cannot be read or is not a COCO file.
        """
        yield from unlisted_images(self._files)
        for file in self._files:
            yield from file.undescribed()
            for image in file.described():
                yield from _samples(image, file.categories)


def _samples(image: CocoImage, categories: Mapping[int, str]) -> Iterator[Sample | BadSample | Notice]:
    boxes = image.read(partial(_box, categories, image.size))
    if isinstance(boxes, BadSample):
        yield boxes
        return
    if not image.annotations:
        yield Notice(image.name, "images without annotations, used as images without objects")
    if any(reaches_beyond(box[1:5], image.size) for box in boxes):
        yield Notice(image.name, BEYOND)
    if len(distinct(boxes)) < len(boxes):
        yield Notice(image.name, DUPLICATE)
    yield file_record(image.path, image.name, Boxes(distinct(boxes), image.size), split=image.split, stated=image.name)


def _box(categories: Mapping[int, str], size: tuple[int, int] | None, annotation: dict[str, Any]) -> tuple[Any, ...]:
    label = of_category(annotation, categories)
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(each, int | float | str) for each in box):
        raise ValueError("its bbox is not a list of x, y, width and height")
    try:
        left, top, width, height = map(float, box)
    except (ValueError, OverflowError):
        raise ValueError("its bbox has an entry that is not a number") from None
    edges = checked_edges(left, top, left + width, top + height, size)
    return (label, *edges, "crowd") if _is_crowd(annotation) else (label, *edges)


def _is_crowd(annotation: Mapping[str, Any]) -> bool:
    stated = annotation.get("iscrowd")
    return stated is True or bool(whole_number(stated))
