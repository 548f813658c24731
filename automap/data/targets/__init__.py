"""The kinds of target: how each is decoded with its image, kept in a cache and counted. One class for each kind."""

from __future__ import annotations

from collections.abc import Mapping

from automap.data.targets.boxes import BoxesKind
from automap.data.targets.image import ImageKind
from automap.data.targets.kind import TargetKind
from automap.data.targets.label import LabelKind
from automap.data.targets.labels import LabelsKind
from automap.data.targets.mask import MaskKind
from automap.data.targets.numbers import NumbersKind
from automap.exceptions import DataError
from automap.interfaces.dataset import Dataset

TARGET_KINDS: Mapping[str, type[TargetKind]] = {
    "label": LabelKind,
    "labels": LabelsKind,
    "numbers": NumbersKind,
    "mask": MaskKind,
    "boxes": BoxesKind,
    "image": ImageKind,
}
"""The implementation of each kind of target (`Dataset.target`)."""


def target_kind(dataset: Dataset) -> TargetKind:
    """Return the implementation of a data set's kind of target.

    Raises:
        DataError: if the kind is unknown, or the data set's classes cannot be read.
    """
    if dataset.target not in TARGET_KINDS:
        raise DataError(
            f"targets of the kind '{dataset.target}' cannot be stored; there are: {', '.join(TARGET_KINDS)}"
        )
    return TARGET_KINDS[dataset.target](dataset.class_names, dataset.target_names, dataset.scale)
