"""The image data sets of keras.datasets."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from automap.data.cache.reader import cache_directory
from automap.data.sources.arrays import array_records
from automap.exceptions import DataError, StorageError
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, Sample
from automap.store.atomic import put_in_place, sync_file

_DOWNLOAD = """
import socket, sys
socket.setdefaulttimeout(60)
import numpy, keras
(x, y), (u, v) = getattr(keras.datasets, sys.argv[1]).load_data()
numpy.savez(sys.argv[2], x_train=x, y_train=y, x_test=u, y_test=v)
"""


class KerasDataset(Dataset):
    """MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100, downloaded once by Keras, with its own test split."""

    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"]

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image.

        Raises:
            DataError: if it is not here yet and cannot be downloaded.
            StorageError: if there is no place to put it.
        """
        path = cache_directory() / "downloads" / f"{self.name}.npz"
        if not path.exists():
            _download(self.name, path)
        try:
            with np.load(path, allow_pickle=False) as loaded:
                arrays = {name: loaded[name] for name in ("x_train", "y_train", "x_test", "y_test")}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"dataset.name: {path} is damaged ({error}); delete it to download it again") from None
        yield from array_records(arrays["x_train"], arrays["y_train"], "train", "train/")
        yield from array_records(arrays["x_test"], arrays["y_test"], "test", "test/")


def _download(name: str, path: Path) -> None:
    """Let Keras download in another process, so that this one never imports Keras."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cache {path.parent}: {error.strerror}; set AUTOMAP_CACHE to another folder") from None
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    command = [sys.executable, "-c", _DOWNLOAD, name, str(temporary)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise DataError(
                f"dataset.name: Keras could not download {name}: {lines[-1].strip() if lines else 'no reason given'}. "
                f"Run again with a network, or put it there as {path} with x_train, y_train, x_test, y_test"
            )
        sync_file(temporary)
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
