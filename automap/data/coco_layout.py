"""Where COCO's annotations and the images that they name lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from automap.data.datasets.files import is_junk
from automap.exceptions import DataError

LOOKED_FOR = 20
"""Images that a file names and that are looked for."""
_KEYS = {"images", "annotations", "categories"}


def coco_with_shapes(path: Path) -> Path | None:
    """Return the file of COCO's annotations with polygons or run lengths that a path is, or that its folder holds.

    Args:
        path: a JSON file, or a folder with one, itself or in ``annotations``.

    Raises:
        DataError: if a folder holds several.
    """
    files = [path] if path.suffix.lower() == ".json" else _json_files(path)
    found = [file for file in files if _has_shapes(_content(file))]
    if len(found) > 1:
        names = ", ".join(str(file.relative_to(path)) for file in found)
        raise DataError(f"{path} holds several files of COCO's annotations: {names}; name one of them instead")
    return found[0] if found else None


def image_folder(file: Path) -> Path:
    """Return the folder of the images that COCO's annotations name.

    Args:
        file: of annotations; the images lie below its folder, or below the folder that this one lies in.

    Raises:
        DataError: if there is no such folder.
    """
    content = _content(file) or {"images": []}
    names = [str(image.get("file_name")) for image in islice(content["images"], LOOKED_FOR)]
    folders = dict.fromkeys(_folders_near(file.absolute().parent))
    best = max(folders, key=lambda folder: sum((folder / name).is_file() for name in names))
    if not any((best / name).is_file() for name in names):
        example = names[0] if names else "images"
        raise DataError(
            f"{file} names {example}, but no folder beside it holds that; put the images beside it, or write the spec "
            "by hand: dataset: {type: coco_masks, path: ..., images: FOLDER}"
        )
    return best


def _json_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for place in (folder, folder / "annotations") for file in place.glob("*.json"))


@lru_cache(maxsize=1)
def _content(file: Path) -> Mapping[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # Whatever it is, it is none of COCO's.
    return content if isinstance(content, dict) and set(content) >= _KEYS else None


def _has_shapes(content: Mapping[str, Any] | None) -> bool:
    return content is not None and any(each.get("segmentation") for each in content["annotations"])


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
