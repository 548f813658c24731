"""Loading pretrained weights into a backbone."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from automap.exceptions import UserError
from automap.interfaces.architecture import Architecture
from automap.interfaces.array import Array
from automap.training.weights.files import read_weights
from automap.training.weights.layer_names import stable_names

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
    if architecture.pretrained == "none":
        return
    if architecture.pretrained == "imagenet":
        found = architecture.imagenet_weights()
        if found is None:
            raise UserError(f"pretrained: imagenet: {architecture.how_to_get_weights()}")
        tensors = architecture.convert_weights(read_weights(str(found)))
    else:
        tensors = architecture.convert_weights(read_weights(architecture.pretrained))
    _assign(architecture, backbone, tensors)


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
