"""NumPy files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import Field

from automap.data.sources.arrays import array_records
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample


class Npz(Dataset):
    """NumPy arrays of images and labels, in one ``.npz`` file or two ``.npy`` files.

    Arrays ``x`` and ``y`` are shared out among the splits; ``x_train``, ``y_train``, ``x_test`` and ``y_test``, as
    Keras writes them, keep theirs. Other names are given with `images` and `labels`.
    """

    path: DataPath = Field(description="the .npz file, or the .npy file of images")
    labels_path: DataPath | None = Field(None, description="the .npy file of labels, if images are in one")
    images: str = Field("x", description="name of the array of images")
    labels: str = Field("y", description="name of the array of labels")

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image of the arrays.

        Raises:
            DataError: if a file or array is missing, or arrays do not fit together.
        """
        arrays = self._arrays()
        if self.images in arrays and self.labels in arrays:
            yield from array_records(arrays[self.images], arrays[self.labels])
            return
        train, test = (
            (f"{self.images}_train", f"{self.labels}_train"),
            (f"{self.images}_test", f"{self.labels}_test"),
        )
        if not all(name in arrays for name in train):
            raise DataError(
                f"dataset.images: {self.path} has neither '{self.images}' and '{self.labels}' nor '{train[0]}' and "
                f"'{train[1]}'; it has {', '.join(arrays)}"
            )
        yield from array_records(arrays[train[0]], arrays[train[1]], "train", "train/")
        if all(name in arrays for name in test):
            yield from array_records(arrays[test[0]], arrays[test[1]], "test", "test/")

    def _arrays(self) -> dict[str, Any]:
        try:
            loaded = np.load(self.path, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                if self.labels_path is None:
                    raise DataError(f"dataset.labels_path is missing: {self.path} holds one array, the images")
                return {self.images: loaded, self.labels: np.load(self.labels_path, allow_pickle=False)}
            with loaded:
                return {name: loaded[name] for name in loaded.files}
        except FileNotFoundError as error:
            raise DataError(f"dataset.path: there is no file {error.filename}") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"dataset.path: {self.path} cannot be read as NumPy arrays: {error}") from None
