"""Recognising the type of a data set, and the fields that its spec needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automap.data.recognise.coco_layout import coco_fields, has_shapes
from automap.data.recognise.layouts import Layout, paired_layout
from automap.data.recognise.survey import dataset_type
from automap.data.recognise.table_layout import table_layout

_IN_TABLES = frozenset({"label", "labels", "numbers"})
_COCO = frozenset({"coco", "coco_masks"})
NOISE = 25.0
"""Standard deviation, of 255, of the noise that is added to good images if only the task is known."""


def recognise(path: Path, type_name: str | None = None, wanted: frozenset[str] | None = None) -> Layout:
    """Find out what type of data set is at a path, and which fields its spec needs.

    Args:
        path: a file or folder.
        type_name: of the data set, if the user named it.
        wanted: kinds of target (`Dataset.target`) that a task learns from, if the user named one.

    Raises:
        DataError: if its type cannot be told.
    """
    found = type_name or _type(path, wanted)
    if found == "csv":
        fields, notes = table_layout(path, wanted if wanted is None or wanted & _IN_TABLES else None)
        return Layout(found, path, fields, notes)
    if found in _COCO:
        boxes_too = ("not used: the boxes; --task detection learns them",) if found == "coco_masks" else ()
        return Layout(found, path, coco_fields(path), boxes_too if wanted is None else ())
    if found == "degraded":
        note = "assumed: noise is to be removed; there are also blur, downscale, low_light and jpeg"
        return Layout(found, path, {"noise": NOISE}, (note,))
    fields = _paired_fields(path, found)
    unnamed = found == "masks" and "classes" not in fields
    note = "assumed: mask values are class indices from 0; classes: [...] names the classes"
    return Layout(found, path, fields, (note,) if unnamed else ())


def _type(path: Path, wanted: frozenset[str] | None) -> str:
    paired = path.is_dir() and paired_layout(path) is not None
    if wanted == frozenset({"image"}) and path.is_dir() and not paired:
        return "degraded"
    if path.exists() and not paired and (wanted is None or "mask" in wanted) and has_shapes(path):
        return "coco_masks"
    return dataset_type(path)


def _paired_fields(path: Path, found: str) -> dict[str, Any]:
    paired = paired_layout(path) if path.is_dir() else None
    return paired[1] if paired is not None and paired[0] == found else {}
