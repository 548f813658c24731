"""Data sets in IDX files, such as MNIST and Fashion-MNIST."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from automap.data.sources.arrays import array_records
from automap.data.sources.idx_reader import read_idx
from automap.data.sources.layout import is_junk, split_in_name
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Notice, Sample, SplitName

_IMAGES = re.compile(r"(?P<start>.*?)images(?P<middle>.*?)(?P<kind>idx[34])(?P<end>.*)", re.IGNORECASE)


class IdxPair(NamedTuple):
    """A file of images and the file of their labels."""

    images: Path
    labels: Path
    split: SplitName | None


class Idx(Dataset):
    """A folder of IDX files, plain or compressed with gzip, as of MNIST, Fashion-MNIST and EMNIST.

    ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz`` are the training split, ``t10k-…`` or ``test-…``
    the test split.
    """

    path: DataPath = Field(description="the folder, or the file of images")
    labels_path: DataPath | None = Field(None, description="the file of labels, if path is the file of images")

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image of the files.

        Raises:
            DataError: if a file is missing or damaged, or images and labels do not fit together.
        """
        for pair in self._pairs():
            images, labels = read_idx(pair.images), read_idx(pair.labels, "labels_path")
            if images.ndim not in {3, 4}:
                raise DataError(f"dataset.path: {pair.images} has {images.ndim} dimensions; expected 3 or 4")
            try:
                yield from array_records(images, labels, pair.split, f"{pair.split}/" if pair.split else "")
            except DataError as error:
                raise DataError(f"dataset.path: {pair.images}: {error}") from None

    def _pairs(self) -> list[IdxPair]:
        if self.path.is_dir():
            pairs = find_pairs(self.path)
            if not pairs:
                raise DataError(
                    f"dataset.path: {self.path} has no IDX files of images, such as train-images-idx3-ubyte"
                )
        else:
            labels = self.labels_path or _labels_of(self.path)
            if labels is None:
                raise DataError(f"dataset.labels_path: missing; {self.path} holds the images only")
            return [IdxPair(self.path, labels, None)]
        for pair in pairs:
            if pair.split in {each.split for each in pairs if each is not pair}:
                raise DataError(
                    f"dataset.path: {self.path} has several files of images for one split, {pair.images.name} among "
                    "them; give the path of one file"
                )
        return pairs


def is_idx_name(name: str) -> bool:
    """Return whether a file is named as one of images in the IDX format."""
    return _IMAGES.fullmatch(name) is not None


def find_pairs(folder: Path) -> list[IdxPair]:
    """Return the files of images in a folder with those of their labels, by split.

    Raises:
        DataError: if a file of images has no labels.
    """
    images = [file for file in sorted(folder.iterdir()) if not is_junk(file.name) and _IMAGES.fullmatch(file.name)]
    found = []
    for file in images:
        labels = _labels_of(file)
        if labels is None:
            raise DataError(f"dataset.path: {file} has no file of labels next to it, such as train-labels-idx1-ubyte")
        # MNIST's test split is named after its size.
        split: SplitName | None = "test" if "t10k" in file.name.lower() else split_in_name(Path(file.name))
        found.append(IdxPair(file, labels, split if len(images) > 1 else None))
    plain = {file.labels.name.removesuffix(".gz") for file in found if file.labels.suffix != ".gz"}
    order = ("train", "validation", "test")
    kept = [pair for pair in found if pair.images.suffix != ".gz" or pair.labels.name.removesuffix(".gz") not in plain]
    return sorted(kept, key=lambda pair: order.index(pair.split) if pair.split else -1)


def _labels_of(images: Path) -> Path | None:
    found = _IMAGES.fullmatch(images.name)
    if found is None:
        return None
    word = "labels" if not found.group(0).isupper() else "LABELS"
    name = f"{found['start']}{word}{found['middle']}{found['kind'][:3]}1{found['end']}"
    tried = [images.with_name(name), images.with_name(f"{name}.gz"), images.with_name(name.removesuffix(".gz"))]
    return next((each for each in tried if each.is_file()), None)
