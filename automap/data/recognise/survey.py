"""A look at images on disk before there is a spec: which data set they are, and what is in it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from automap.data.decode.header import image_header
from automap.data.recognise.boxes_layout import boxes_layout
from automap.data.recognise.layouts import paired_layout
from automap.data.scan.notices import NoticeCounts
from automap.exceptions import DataError
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, Notice, Sample
from automap.spec.plugins import load_plugin

SAMPLE = 200
"""Images whose header is read to learn sizes."""
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "csv",
    ".npz": "npz",
    ".npy": "npz",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    ".json": "coco",
}


@dataclass(frozen=True)
class Survey:
    """What a data set holds."""

    classes: Mapping[str, int]
    """Number of images of each class, by its name, in the order of names; empty where targets name none."""
    images: int
    """Number of images that can be used."""
    target: str
    """The kind of target."""
    splits: Mapping[str, int]
    """Number of images of each split that the data set itself assigns."""
    bad: Mapping[str, tuple[str, ...]]
    """Names of what cannot be used, by reason."""
    notices: tuple[str, ...]
    """What the data set left out or changed, one line for each kind."""
    sizes: tuple[tuple[int, int], ...]
    """Width and height of a sample of the images."""
    grey: bool
    """Whether every image of the sample has one channel."""


def dataset_type(path: Path) -> str:
    """Return the type of data set that a path is.

    Raises:
        DataError: if the path does not exist, is an empty folder, or is of no known kind.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.is_dir():
        if next(path.iterdir(), None) is None:
            raise DataError(f"{path} is empty; expected one folder of images for each class")
        if (paired := paired_layout(path)) is not None:
            return paired[0]
        if (boxed := boxes_layout(path)) is not None:
            return boxed
        return "tfrecord" if any(_is_tfrecord(file) for file in path.iterdir()) else "folder"
    if (kind := _SUFFIXES.get(path.suffix.lower())) is None:
        raise DataError(
            f"{path} is of no kind that automap tells by itself: a folder with a folder for each class, or "
            f"a file that ends in {', '.join(_SUFFIXES)}; name an installed data set with --type"
        )
    return kind


def _is_tfrecord(path: Path) -> bool:
    return _SUFFIXES.get(path.suffix.lower()) == "tfrecord" or ".tfrecord-" in path.name


def survey(type_name: str, fields: Mapping[str, Any]) -> Survey:
    """Describe every record of a data set, and read the headers of some images.

    Args:
        type_name: the data set's name as a plugin.
        fields: its fields as in a spec.

    Raises:
        DataError: if the data set cannot be read, has no image, or has images of one class only.
    """
    model = cast(type[Dataset], load_plugin(Dataset.group, type_name))
    classes: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    bad: dict[str, list[str]] = {}
    notices = NoticeCounts()
    sample, images = _Sample(SAMPLE), 0
    dataset = _dataset(model, fields)
    for record in dataset.samples():
        if isinstance(record, Notice):
            notices.add(record)
            continue
        if isinstance(record, BadSample):
            bad.setdefault(record.reason, []).append(record.name)
            continue
        images += 1
        classes.update(_class_names(dataset.target, record.target))
        if record.split is not None:
            splits[record.split] += 1
        sample.add(record)
    _check(dataset.target, images, classes, bad)
    shapes = list(_shapes(sample.records))
    if not shapes:
        raise DataError(f"none of {len(sample.records)} files that were tried is an image that can be opened")
    return Survey(
        classes=dict(sorted(classes.items())),
        images=images,
        target=dataset.target,
        splits=dict(splits),
        bad={reason: tuple(names) for reason, names in bad.items()},
        notices=notices.lines(),
        sizes=tuple((width, height) for width, height, _ in shapes),
        grey=all(channels == 1 for *_, channels in shapes),
    )


def _dataset(model: type[Dataset], fields: Mapping[str, Any]) -> Dataset:
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        problems = "; ".join(f"{detail['loc'][0]}: {detail['msg']}" for detail in error.errors())
        raise DataError(f"{model.summary()} It cannot be made of {dict(fields)}: {problems}") from None


def _class_names(kind: str, target: Any) -> set[str]:
    """Return the classes that a target names, each once."""
    match kind:
        case "label":
            return {str(target)}
        case "labels":
            return {str(name) for name in target}
        case "boxes":
            return {str(name) for name, *_ in target}
    return set()


def _check(kind: str, images: int, classes: Counter[str], bad: Mapping[str, list[str]]) -> None:
    if not images:
        reasons = "; ".join(f"{len(names)}: {reason} ({names[0]}, …)" for reason, names in bad.items())
        raise DataError(f"no image was found{f'; skipped {reasons}' if reasons else ''}")
    if kind == "label" and len(classes) == 1:
        only = next(iter(classes))
        raise DataError(f"all {classes.total()} images are of the class '{only}'; two or more are needed")


class _Sample:
    """Keeps a uniform sample of records, however many there are."""

    def __init__(self, size: int) -> None:
        self.records: list[Sample] = []
        self._size, self._seen = size, 0
        self._random = random.Random(0)

    def add(self, record: Sample) -> None:
        self._seen += 1
        if len(self.records) < self._size:
            self.records.append(record)
        elif (place := self._random.randrange(self._seen)) < self._size:
            self.records[place] = record


def _shapes(records: list[Sample]) -> Iterator[tuple[int, int, int]]:
    """Yield width, height and channels of images, from their headers; what cannot be read is left out."""
    for record in records:
        # The cache's builder reports what cannot be read with its reason; here only sizes matter.
        if (header := image_header(record.image)) is not None:
            yield header[1], header[0], header[2]
