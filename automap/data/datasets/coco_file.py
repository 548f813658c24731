"""COCO's file of annotations (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from automap.exceptions import DataError


def read_coco(path: Path) -> dict[str, Any]:
    """Return the content of a file of annotations.

    Raises:
        DataError: if it cannot be read, or is none of COCO's.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"dataset.path: {path} cannot be read: {error}") from None
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= set(content):
        raise DataError(f"dataset.path: {path} has no images, annotations and categories, as COCO's files have")
    return content


def by_image(content: dict[str, Any]) -> dict[Any, list[dict[str, Any]]]:
    """Return the annotations of each image, by the image's number."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for annotation in content["annotations"]:
        found.setdefault(annotation.get("image_id"), []).append(annotation)
    return found
