"""Inspecting COCO annotation files and finding their images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from automap.data.sources.coco_file import ImagesNotFound, annotation_files, is_coco, open_coco, parsed
from automap.data.sources.layout import is_junk
from automap.exceptions import DataError

LOOKED_FOR = 20
"""Number of images of a file that are looked for."""


def has_shapes(path: Path) -> bool:
    """Return whether a path is an annotation file with polygons or run-length encodings, or a folder with one."""
    files = annotation_files(path) if path.is_dir() else [path] if path.suffix.lower() == ".json" else []
    return any(bool(each.get("segmentation")) for file in files for each in _annotations(file))


def coco_fields(path: Path) -> dict[str, Any]:
    """Infer `images` when it is not next to the annotation file.

    Args:
        path: an annotation file, or a folder with some.

    Raises:
        DataError: if the images are not found nearby, or a file is not a COCO file.
    """
    try:
        open_coco(path, None)
    except ImagesNotFound:
        if path.is_dir():
            raise
        return {"images": _image_folder(path)}
    return {}


def _annotations(file: Path) -> list[dict[str, Any]]:
    """Return the annotations of a file; a damaged file has none."""
    found = parsed(file)["annotations"] if is_coco(file) else []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _image_folder(file: Path) -> Path:
    """Return the folder with most of the images, below that of the file or its parent."""
    names = [image["file_name"] for image in islice(parsed(file)["images"], LOOKED_FOR)]
    folders = dict.fromkeys(_folders_near(file.absolute().parent))
    best = max(folders, key=lambda folder: sum((folder / name).is_file() for name in names))
    if not any((best / name).is_file() for name in names):
        raise DataError(
            f"{file} names {names[0] if names else 'no images'}, but no folder near it has that file; put the images "
            "next to it, or write the spec by hand with images: FOLDER"
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
        return []  # A folder without permission to read it has no images to use.
