"""COCO's annotations by what they hold, and where the images lie that they name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from automap.data.sources.coco_file import ImagesNotFound, annotation_files, is_coco, open_coco
from automap.data.sources.layout import is_junk
from automap.exceptions import DataError

LOOKED_FOR = 20
"""Images that a file names and that are looked for."""


def has_shapes(path: Path) -> bool:
    """Return whether a path is, or is a folder with, COCO's annotations with polygons or run lengths."""
    files = annotation_files(path) if path.is_dir() else [path] if path.suffix.lower() == ".json" else []
    return any(bool(each.get("segmentation")) for file in files for each in _annotations(file))


def coco_fields(path: Path) -> dict[str, Any]:
    """Return the fields of a data set of COCO's beside its path: the folder of the images, where it is not found alone.

    Args:
        path: a file of annotations, or a folder with some.

    Raises:
        DataError: if the images are nowhere near, or a file is none of COCO's.
    """
    try:
        open_coco(path, None)
    except ImagesNotFound:
        if path.is_dir():
            raise
        return {"images": _image_folder(path)}
    return {}


def _annotations(file: Path) -> list[dict[str, Any]]:
    """Return the annotations of a file; what is damaged has none."""
    found = json.loads(file.read_text(encoding="utf-8"))["annotations"] if is_coco(file) else []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _image_folder(file: Path) -> Path:
    """Return the folder, below that of the file or the one in which this one lies, with most of the images."""
    content = json.loads(file.read_text(encoding="utf-8")) if is_coco(file) else {"images": []}
    names = [str(image.get("file_name")) for image in islice(content["images"], LOOKED_FOR)]
    folders = dict.fromkeys(_folders_near(file.absolute().parent))
    best = max(folders, key=lambda folder: sum((folder / name).is_file() for name in names))
    if not any((best / name).is_file() for name in names):
        raise DataError(
            f"{file} names {names[0] if names else 'no images'}, but no folder beside it holds that; put the images "
            "beside it, or write the spec by hand with images: FOLDER"
        )
    return best


def _folders_near(folder: Path) -> Iterator[Path]:
    yield folder
    for place in (folder, folder.parent):
        for below in _folders(place):
            yield below
            yield from _folders(below)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not is_junk(entry.name))
    except OSError:
        return []  # Folders that may not be read hold no images of ours.
