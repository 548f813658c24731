"""Reading weights from models of automap or Keras, safetensors, NumPy and PyTorch files without running their code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.training.weights.layer_names import weights_by_layer
from automap.training.weights.torch_tensors import read_tensors

Tensors = dict[str, Array]
"""Arrays by name; the weights of a Keras layer are called ``layer/0``, ``layer/1``, and so on."""


def read_weights(file: Path) -> Tensors:
    """Return the arrays of a file of weights by name.

    Args:
        file: a ``.keras``, ``.safetensors``, ``.npz``, ``.pth`` or ``.pt`` file.

    Raises:
        UserError: if its format is unknown, or it is damaged.
    """
    reader = next((reader for ending, reader in _READERS.items() if file.name.endswith(ending)), None)
    if reader is None:
        raise UserError(
            f"pretrained: {file} has an unknown format; expected one of {', '.join([*_READERS, '.weights.h5'])}"
        )
    try:
        return reader(file)
    except UserError:
        raise
    except Exception as error:  # The formats' libraries raise arbitrary errors on damaged files.
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
