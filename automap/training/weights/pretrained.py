"""Loading pretrained weights into a backbone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras

from automap.exceptions import UserError
from automap.interfaces.architecture import FROM_SCRATCH, Architecture, unpinned
from automap.interfaces.array import Array
from automap.store.atomic import first_line
from automap.store.weights import existing_file, local_weights, pinned, weights_place
from automap.training.weights.files import read_weights
from automap.training.weights.layer_names import stable_names

KERAS_WEIGHTS = ".h5"
SHOWN = 5
"""Number of layers that a message names."""


def load_pretrained(architecture: Architecture, backbone: keras.Model) -> None:
    """Load the weights that an architecture's `pretrained` names into its backbone.

    Args:
        architecture: names the weights and maps foreign names to its layers.
        backbone: the architecture's layers, from normalised images to features; changed in place.

    Raises:
        UserError: if the weights are missing, damaged, or do not fit the backbone.
    """
    if architecture.pretrained == FROM_SCRATCH:
        return
    if unpinned(architecture.pretrained)[1] is not None:
        pinned(architecture)
    with local_weights(weights_place(architecture)) as path:
        file = existing_file(path)
        tensors = architecture.read_weights(file)
        if tensors is None and file.suffix == KERAS_WEIGHTS:
            _load_keras_weights(backbone, file)
            return
        found = architecture.convert_weights(read_weights(file)) if tensors is None else tensors
    _assign(architecture, backbone, found)


def _load_keras_weights(backbone: keras.Model, file: Path) -> None:
    """Load a file that ``save_weights`` of Keras wrote, whose layers are in the order of those of the backbone."""
    coarsest = keras.Model(backbone.inputs, backbone.outputs[-1])
    try:
        coarsest.load_weights(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"pretrained: could not load {file}: {first_line(error)}") from error


def _assign(architecture: Architecture, backbone: keras.Model, tensors: Mapping[str, Array]) -> None:
    problems = []
    for name, layer in stable_names(backbone).items():
        wanted = layer.get_weights()
        given = [tensors[key] for index in range(len(wanted)) if (key := f"{name}/{index}") in tensors]
        if len(given) < len(wanted):
            problems.append(f"no weights for layer '{name}'")
            continue
        fitted = [fitted_input(array, want.shape) for array, want in zip(given, wanted, strict=True)]
        wrong = [
            f"layer '{name}' expects shape {want.shape}, the file has {array.shape}"
            for array, want in zip(fitted, wanted, strict=True)
            if array.shape != want.shape
        ]
        problems += wrong
        if not wrong:
            layer.set_weights(fitted)
    if problems:
        more = f" (and {len(problems) - SHOWN} more)" if len(problems) > SHOWN else ""
        raise UserError(
            f"pretrained: {architecture.pretrained} does not fit this {type(architecture).__name__}: "
            f"{'; '.join(problems[:SHOWN])}{more}"
        )


def fitted_input(kernel: Array, shape: tuple[int, ...]) -> Array:
    """Adapt the kernel of a first convolution for colour images to another number of channels.

    For grey images the kernels of the three colours are summed, which is equivalent to repeating the grey image three
    times. For N channels, each gets the mean kernel times ``3 / N``, so that the magnitude of the response is kept.

    Args:
        kernel: ``(height, width, 3, filters)``; any other array is returned as it is.
        shape: shape of the kernel that is needed.
    """
    if kernel.ndim != 4 or kernel.shape == shape or kernel.shape[2] != 3 or shape[:2] != kernel.shape[:2]:
        return kernel
    if len(shape) != 4 or shape[3] != kernel.shape[3]:
        return kernel
    summed = kernel.sum(axis=2, keepdims=True)
    fitted: Array = (summed / shape[2]).repeat(shape[2], axis=2)
    return fitted
