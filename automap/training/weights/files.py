"""Reading weights from models of automap or Keras, safetensors, NumPy and PyTorch files without running their code."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.store.files import NETWORK_FILE
from automap.store.remote import is_remote, pull
from automap.training.weights.layer_names import weights_by_layer
from automap.training.weights.torch_tensors import read_tensors

Tensors = dict[str, Array]
"""Arrays by name; the weights of a Keras layer are called ``layer/0``, ``layer/1``, and so on."""


def read_weights(place: str) -> Tensors:
    """Return the arrays of a weights file, or of a model that automap trained, by name.

    Args:
        place: path or URL of a ``.keras``, ``.safetensors``, ``.npz``, ``.pth`` or ``.pt`` file, or of the folder of a
            model.

    Raises:
        UserError: if the file does not exist, has an unknown format, or is damaged.
        StorageError: if the URL cannot be read.
    """
    if not is_remote(place):
        return _read(Path(place))
    is_file = any(place.endswith(ending) for ending in _READERS)
    with tempfile.TemporaryDirectory() as folder:
        pull(place.rpartition("/")[0] if is_file else place, Path(folder))
        return _read(Path(folder, place.rpartition("/")[2]) if is_file else Path(folder))


def _read(path: Path) -> Tensors:
    file = path / NETWORK_FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"pretrained: no such file: {file}")
    reader = next((reader for ending, reader in _READERS.items() if file.name.endswith(ending)), None)
    if reader is None:
        raise UserError(f"pretrained: {file} has an unknown format; expected one of {', '.join(_READERS)}")
    try:
        return reader(file)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"pretrained: could not read {file}: {reason}") from error


def _read_keras(path: Path) -> Tensors:
    return weights_by_layer(keras.models.load_model(path, compile=False))


def _read_npz(path: Path) -> Tensors:
    with np.load(path, allow_pickle=False) as file:
        return {name: np.asarray(file[name]) for name in file.files}


def _read_safetensors(path: Path) -> Tensors:
    try:
        from safetensors.numpy import load_file
    except ImportError:
        raise UserError(
            "pretrained: .safetensors files need the package safetensors: pip install 'automap[pretrained]'"
        ) from None
    tensors: Tensors = load_file(path)
    return tensors


_READERS: Mapping[str, Callable[[Path], Tensors]] = {
    ".keras": _read_keras,
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
    ".pth": read_tensors,
    ".pt": read_tensors,
}
