"""Data sets in memory: arrays are written to a file once, so that worker processes can read them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.cache.reader import cache_directory
from automap.exceptions import DataError, StorageError, UserError
from automap.interfaces.array import Array
from automap.store.atomic import write_atomically


def store_arrays(images: Any, labels: Any) -> Path:
    """Write arrays into the cache, under a name derived from their content, and return the file.

    Args:
        images: ``(images, height, width[, channels])``, anything that NumPy can convert to an array.
        labels: ``(images,)``, numbers or strings.

    Raises:
        DataError: if they cannot be converted to arrays, or their lengths differ.
        StorageError: if the cache cannot be written.
    """
    x, y = _array("images", images), _array("labels", labels)
    if x.ndim not in (3, 4):
        raise DataError(f"images have the shape {x.shape}; expected (images, height, width[, channels])")
    if x.dtype.kind not in "uifb":
        raise DataError(f"images are of the type {x.dtype}; expected numbers")
    if len(x) != len(y):
        raise DataError(f"{len(x):,} images and {len(y):,} labels; expected one label for each image")
    path = cache_directory() / "arrays" / f"{_digest(x, y)}.npz"
    if not path.exists():
        _write(path, x, y)
    return path


def _array(name: str, values: Any) -> Array:
    if values is None:
        raise UserError(f"{name} are missing: automap.search(images, labels)")
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} cannot be made an array: {error}; are all images of one size?") from None
    # Strings from data frames are objects, which NumPy would pickle.
    return found.astype(str) if found.dtype.kind == "O" and name == "labels" else found


def _digest(*arrays: Array) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _write(path: Path, images: Array, labels: Array) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: np.savez(file, x=images, y=labels))
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}; set AUTOMAP_CACHE to another folder") from None
