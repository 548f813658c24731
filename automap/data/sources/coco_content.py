"""Checking the structure of a COCO file before its entries are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automap.data.sources.layout import composed
from automap.exceptions import DataError

PARTS: Mapping[str, tuple[str, ...]] = {
    "images": ("id", "file_name"),
    "annotations": ("image_id", "category_id"),
    "categories": ("id", "name"),
}
"""The lists of an annotation file, and the keys of their entries."""


def check_content(content: Any, path: Path) -> None:
    """Check the lists of an annotation file, their keys, and that ids and names are unique.

    Args:
        content: of the file.
        path: of the file, for errors.

    Raises:
        DataError: with the place of the first fault.
    """
    if not isinstance(content, dict) or not set(content) >= set(PARTS):
        raise DataError(
            f"dataset.path: {path} is not a COCO file: expected a mapping with images, annotations and categories"
        )
    for part, keys in PARTS.items():
        _check_entries(content[part], path, part, keys)
    for index, image in enumerate(content["images"]):
        if not isinstance(image["file_name"], str) or not image["file_name"] or "\0" in image["file_name"]:
            raise _fault(path, "images", index, "file_name", image["file_name"], "expected the name of a file")
    for index, category in enumerate(content["categories"]):
        if whole_number(category["id"]) is None:
            raise _fault(path, "categories", index, "id", category["id"], "expected a whole number")
        if not isinstance(category["name"], str | int) or not str(category["name"]).strip():
            raise _fault(path, "categories", index, "name", category["name"], "expected a name")
    _check_unique(content, path, "images", "id")
    _check_unique(content, path, "images", "file_name")
    _check_unique(content, path, "categories", "id")
    _check_unique(content, path, "categories", "name")


def whole_number(value: Any) -> int | None:
    """Return a whole number that may be written as a text or as a float; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.removeprefix("-").isdecimal() and len(text) <= 20 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _check_entries(entries: Any, path: Path, part: str, keys: tuple[str, ...]) -> None:
    if not isinstance(entries, list):
        raise DataError(f"dataset.path: {path}: {part}: expected a list")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or not entry.keys() >= set(keys):
            missing = [key for key in keys if not isinstance(entry, dict) or key not in entry]
            raise DataError(f"dataset.path: {path}: {part}[{index}]: missing {' and '.join(missing)}")


def _check_unique(content: dict[str, Any], path: Path, part: str, key: str) -> None:
    seen: dict[str, int] = {}
    for index, entry in enumerate(content[part]):
        number = whole_number(entry[key]) if key == "id" else None
        value = composed(str(entry[key] if number is None else number)).strip()
        if value in seen:
            reason = f"already used by {part}[{seen[value]}]"
            raise _fault(path, part, index, key, entry[key], reason)
        seen[value] = index


def _fault(path: Path, part: str, index: int, key: str, value: Any, reason: str) -> DataError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
    return DataError(f"dataset.path: {path}: {part}[{index}].{key}: {shown}: {reason}")
