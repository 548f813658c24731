"""Layouts of data sets; recognising folders of images with masks or targets by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from automap.data.decode.errors import BadImage
from automap.data.decode.header import image_header
from automap.data.decode.mask import read_mask
from automap.data.sources.files import subfolders, walk_files
from automap.data.sources.layout import is_image_name, split_named
from automap.data.sources.masks import Masks
from automap.data.sources.pairs import Pairs


class Layout(NamedTuple):
    """The data set at a path, as a spec describes it."""

    type: str
    """Of the data set."""
    path: Path
    fields: Mapping[str, Any] = {}
    """Without ``path``; paths among them have the type `Path`."""
    notes: tuple[str, ...] = ()
    """What was assumed, one line each."""


IMAGES = ("images", "image", "imgs", "img")
MASKS = ("masks", "mask", "labels", "annotations", "segmentation")
INPUTS = ("inputs", "input", "low", "noisy", "blurred", "degraded", "lr")
TARGETS = ("targets", "target", "high", "clean", "sharp", "ground_truth", "gt", "hr")
"""Usual names of folders, in lower case."""

SUFFIXES = ("_mask", "-mask", "_label", "_seg")
LOOKED_AT = 20
"""Number of masks whose values are read."""


def paired_layout(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Return the type and the fields of a data set of two folders that belong together.

    Args:
        path: the folder that contains both, or folders named as splits that each contain both.

    Returns:
        The type and the fields without ``path``; None if there are no such folders.
    """
    below = subfolders(path)
    splits = [folder for folder in below if split_named(folder.name) is not None]
    found = _paired(below)
    return found if found is not None or not splits else _paired(subfolders(splits[0]))


def _paired(below: Sequence[Path]) -> tuple[str, dict[str, Any]] | None:
    folders = {folder.name.lower(): folder for folder in below}
    images, masks = _first(folders, IMAGES), _first(folders, MASKS)
    if images is not None and masks is not None and _holds_images(masks):
        return "masks", _mask_fields(images, masks)
    inputs, targets = _first(folders, INPUTS), _first(folders, TARGETS)
    if inputs is not None and targets is not None and _holds_images(targets):
        return "pairs", _pair_fields(inputs, targets)
    return None


def _first(folders: Mapping[str, Path], names: tuple[str, ...]) -> Path | None:
    return next((folders[name] for name in names if name in folders), None)


def _images_in(folder: Path) -> list[Path]:
    found = (file for file in walk_files(folder) if is_image_name(file.name))
    return list(islice(found, LOOKED_AT))


def _holds_images(folder: Path) -> bool:
    return bool(_images_in(folder))


def _mask_fields(images: Path, masks: Path) -> dict[str, Any]:
    named = {"images": images.name, "masks": masks.name}
    fields: dict[str, Any] = {name: value for name, value in named.items() if value != Masks.model_fields[name].default}
    found = _images_in(masks)
    suffix = next((each for each in SUFFIXES if all(file.stem.endswith(each) for file in found)), None)
    if suffix is not None:
        fields["suffix"] = suffix
    if _values_in(found) == {0, 255}:
        # The usual form of a binary mask.
        fields |= {"classes": ["background", "object"], "values": [0, 255]}
    return fields


def _values_in(masks: list[Path]) -> set[int]:
    values: set[int] = set()
    for mask in masks:
        try:
            values |= set(np.unique(read_mask(mask)).tolist())
        except BadImage:
            continue  # Reported with its reason when the data set is read.
    return values


def _pair_fields(inputs: Path, targets: Path) -> dict[str, Any]:
    named = {"inputs": inputs.name, "targets": targets.name}
    fields: dict[str, Any] = {name: value for name, value in named.items() if value != Pairs.model_fields[name].default}
    sizes = [image_header(_images_in(folder)[0]) for folder in (inputs, targets) if _holds_images(folder)]
    if len(sizes) == 2 and sizes[0] and sizes[1] and (factor := sizes[1][0] // sizes[0][0]) in {2, 4}:
        fields["factor"] = factor
    return fields
