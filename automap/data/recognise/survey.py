"""Surveying a data set before there is a spec: its type and contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from automap.data.decode.header import image_header
from automap.data.recognise.boxes_layout import boxes_layout
from automap.data.recognise.decoding_faults import decoding_faults
from automap.data.recognise.layouts import paired_layout
from automap.data.scan.notices import NoticeCounts
from automap.data.scan.reservoir import Reservoir
from automap.data.sources.files import NOT_REGULAR
from automap.data.sources.idx import is_idx_name
from automap.data.sources.layout import is_junk
from automap.exceptions import DataError
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, Notice, Sample
from automap.spec.plugins import load_plugin

SAMPLE = 200
"""Number of images that are decoded to find sizes and the share of damaged images."""
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
    """The contents of a data set."""

    classes: Mapping[str, int]
    """Number of images of each class, by its name, in the order of names; empty where targets name none."""
    images: int
    """Number of images that can be used."""
    target: str
    """The kind of target."""
    splits: Mapping[str, int]
    """Number of images of each split that the data set itself assigns."""
    bad: Mapping[str, tuple[str, ...]]
    """Names of the samples that cannot be used, by reason; of decoding, only those of the sample."""
    notices: tuple[str, ...]
    """What the data set left out or changed, one line for each kind."""
    sizes: tuple[tuple[int, int], ...]
    """Width and height of a sample of the images."""
    grey: bool
    """Whether every image of the sample has one channel."""
    bad_share: float
    """Estimated share of samples that cannot be used, damaged images and masks included."""


def dataset_type(path: Path) -> str:
    """Return the type of the data set at a path.

    Raises:
        DataError: if the path does not exist, is an empty folder, or is of an unknown type.
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
        return _type_of_files(path)
    if not path.is_file():
        raise DataError(f"{path} is {NOT_REGULAR}")
    kind = "idx" if is_idx_name(path.name) else _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"cannot tell the type of {path}; expected a folder with a folder for each class, or a file that ends in "
            f"{', '.join(_SUFFIXES)}. Other types of data sets are named with --type"
        )
    return kind


def _type_of_files(folder: Path) -> str:
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not is_junk(file.name)]
    if any(_is_tfrecord(file) for file in files):
        return "tfrecord"
    return "idx" if any(is_idx_name(file.name) for file in files) else "folder"


def _is_tfrecord(path: Path) -> bool:
    return _SUFFIXES.get(path.suffix.lower()) == "tfrecord" or ".tfrecord-" in path.name


def survey(type_name: str, fields: Mapping[str, Any]) -> Survey:
    """Describe every sample of a data set, and decode some images.

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
    sample, images = Reservoir(SAMPLE), 0
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
    if images == splits["validation"] + splits["test"]:
        raise DataError(f"all {images} images are in the {' and '.join(splits)} split; none is left to train on")
    listed_bad = sum(map(len, bad.values()))
    undecodable = decoding_faults(dataset, sample.samples)
    for name, reason in undecodable:
        bad.setdefault(reason, []).append(name)
    shapes = list(_shapes(sample.samples))
    if not shapes or len(undecodable) > len(sample.samples) - 2:
        reasons = "; ".join(f"{names[0]}: {reason}" for reason, names in bad.items())
        usable = len(sample.samples) - len(undecodable)
        raise DataError(f"could use {usable} of {len(sample.samples)} images ({reasons or 'not images'})")
    return Survey(
        classes=dict(sorted(classes.items())),
        images=images,
        target=dataset.target,
        splits=dict(splits),
        bad={reason: tuple(names) for reason, names in bad.items()},
        notices=notices.lines(),
        sizes=tuple((width, height) for width, height, _ in shapes),
        grey=all(channels == 1 for *_, channels in shapes),
        bad_share=_bad_share(images, listed_bad, len(undecodable), len(sample.samples)),
    )


def _bad_share(images: int, listed_bad: int, undecodable: int, tried: int) -> float:
    damaged = images * undecodable / max(1, tried)
    return (listed_bad + damaged) / max(1, images + listed_bad)


def _dataset(model: type[Dataset], fields: Mapping[str, Any]) -> Dataset:
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        problems = "; ".join(f"{detail['loc'][0]}: {detail['msg']}" for detail in error.errors())
        raise DataError(f"{model.summary()} It does not accept {dict(fields)}: {problems}") from None


def _class_names(kind: str, target: Any) -> set[str]:
    """Return the classes in a target."""
    match kind:
        case "label":
            return {str(target)}
        case "labels":
            return {str(name) for name in target}
        case "boxes":
            return {str(name) for name, *numbers in target if not numbers[4:]}
    return set()


def _check(kind: str, images: int, classes: Counter[str], bad: Mapping[str, list[str]]) -> None:
    if not images:
        reasons = "; ".join(f"{len(names)}: {reason} ({names[0]}, …)" for reason, names in bad.items())
        raise DataError(f"found no images{f'; skipped {reasons}' if reasons else ''}")
    if kind == "label" and len(classes) == 1:
        only = next(iter(classes))
        raise DataError(f"all {classes.total()} images are of the class '{only}'; at least two classes are needed")
    if kind in {"labels", "boxes"} and not classes:
        raise DataError(f"none of the {images} images has a class: there is nothing to learn")
    if images < 2 or (kind == "label" and max(classes.values()) < 2):
        raise DataError("too few images: at least two of one class are needed, to train and to validate")


def _shapes(records: list[Sample]) -> Iterator[tuple[int, int, int]]:
    """Yield width, height and channels of the images that can be read."""
    for record in records:
        if (header := image_header(record.image)) is not None:
            yield header[1], header[0], header[2]
