"""NumPy files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from automap.data.sources.arrays import array_records
from automap.data.sources.files import regular_file
from automap.data.sources.layout import split_named
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Notice, Sample, SplitName
from automap.spec.suggest import listed

MAX_RATIO = 200
"""Times its compressed size that an array may take; images compress less."""
SMALL_BYTES = 2**26
"""Size up to which any ratio is fine."""
_IMAGES, _LABELS = ("x", "images", "data"), ("y", "labels", "targets")
"""Usual names of arrays, tried where the fields keep their defaults."""


class Npz(Dataset):
    """NumPy arrays of images and labels, in one ``.npz`` file or two ``.npy`` files.

    Arrays ``x`` and ``y`` are split by automap; names with a split, such as ``x_train`` and ``y_train``, ``x_val`` and
    ``y_val`` or ``test_images`` and ``test_labels``, are these splits. Other names are set with `images` and `labels`.
    """

    path: DataPath = Field(description="the .npz file, or the .npy file of images")
    labels_path: DataPath | None = Field(None, description="the .npy file of labels, if the images are in one")
    images: str = Field("x", description="name of the array of images")
    labels: str = Field("y", description="name of the array of labels")

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every image of the arrays.

        Raises:
            DataError: if a file or array is missing, or arrays do not fit together.
        """
        if self.path.suffix.lower() == ".npy":
            if self.labels_path is None:
                raise DataError(f"dataset.labels_path: missing; {self.path} holds one array, the images")
            yield from array_records(_read_npy(self.path, "path"), _read_npy(self.labels_path, "labels_path"))
            return
        names = _names_in(self.path)
        pairs = self._pairs(names)
        used = {name for pair in pairs.values() for name in pair}
        yield from (Notice(name, "arrays that are not used") for name in names if name not in used)
        for split, (images, labels) in pairs.items():
            prefix = "" if split is None else f"{split}/"
            yield from array_records(_read_npz(self.path, images), _read_npz(self.path, labels), split, prefix)

    def _pairs(self, names: Mapping[str, int]) -> dict[SplitName | None, tuple[str, str]]:
        """Return the arrays of images and labels of each split; None for what automap splits itself.

        Raises:
            DataError: if there are none, or a split has images without labels.
        """
        images = self._by_split(names, (self.images,) if self.images != "x" else _IMAGES)
        labels = self._by_split(names, (self.labels,) if self.labels != "y" else _LABELS)
        if not images or not (set(images) & {None, "train"}):
            there = listed(names) or "no arrays"
            raise DataError(
                f"dataset.images: {self.path} has neither '{self.images}' and '{self.labels}' nor "
                f"'{self.images}_train' and '{self.labels}_train'; it has {there}"
            )
        for split, name in images.items():
            if split not in labels:
                raise DataError(
                    f"dataset.labels: {self.path} has images '{name}', but no labels for them; it has {listed(names)}"
                )
        return {split: (name, labels[split]) for split, name in images.items()}

    def _by_split(self, names: Mapping[str, int], kinds: tuple[str, ...]) -> dict[SplitName | None, str]:
        found: dict[SplitName | None, str] = {}
        for kind in kinds:
            for name in names:
                split = _split_beside(name, kind)
                if name == kind or split is not None:
                    found.setdefault(split, name)
        return found


def _split_beside(name: str, kind: str) -> SplitName | None:
    """Return the split in the name of an array, such as ``x_val`` or ``val_images``."""
    for start, end in ((f"{kind}_", ""), ("", f"_{kind}")):
        if name.lower().startswith(start.lower()) and name.lower().endswith(end.lower()) and name != kind:
            split = split_named(name[len(start) : len(name) - len(end)])
            if split is not None:
                return split
    return None


def _names_in(path: Path) -> dict[str, int]:
    """Return the names of the arrays in a file, with their sizes in bytes.

    Raises:
        DataError: if it is not an archive of arrays, or an array takes far more memory than its file.
    """
    regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if each.filename.endswith(".npy")]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _unreadable(path, error) from None
    for member in members:
        if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise DataError(
                f"dataset.path: {path}: the array '{member.filename[:-4]}' would take {member.file_size / 1e9:.1f} GB "
                f"of memory, more than {MAX_RATIO} times its compressed size"
            )
    return {member.filename.removesuffix(".npy"): member.file_size for member in members}


def _read_npz(path: Path, name: str) -> Array:
    try:
        with np.load(path, allow_pickle=False) as loaded:
            return _array(loaded[name])
    except Exception as error:
        raise _unreadable(path, error) from error


def _read_npy(path: Path, field: str) -> Array:
    regular_file(path, field)
    try:
        # Mapped, so that a header cannot make a small file take more memory than it has.
        return _array(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:
        raise _unreadable(path, error, field) from error


def _array(found: Any) -> Array:
    if not isinstance(found, np.ndarray):
        raise ValueError("not an array")
    return found


def _unreadable(path: Path, error: Exception, field: str = "path") -> DataError:
    # NumPy and zipfile raise whatever they meet in a damaged file (BadZipFile, zlib.error, EOFError, SyntaxError, …).
    reason = "not enough memory" if isinstance(error, MemoryError) else f"{error}" or type(error).__name__
    return DataError(f"dataset.{field}: {path} cannot be read as NumPy arrays: {reason[:300]}")
