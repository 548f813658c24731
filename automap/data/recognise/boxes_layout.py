"""Recognising images with boxes by their annotation files."""

from __future__ import annotations

from pathlib import Path

from automap.data.sources.coco_content import PARTS
from automap.data.sources.coco_file import annotation_files, is_coco, parsed
from automap.data.sources.files import holds_images, subfolders, walk_files
from automap.data.sources.yolo import IMAGES, LABELS
from automap.exceptions import DataError


def boxes_layout(path: Path) -> str | None:
    """Return the type of a folder of images with boxes in the format of Pascal VOC, YOLO or COCO; None for others.

    Args:
        path: a folder.
    """
    if (path / "Annotations").is_dir() and next((path / "Annotations").glob("*.xml"), None) is not None:
        return "voc"
    if _has_yolo_labels(path):
        return "yolo"
    files = annotation_files(path)
    if any(is_coco(file) for file in files):
        return "coco"
    # No other type explains a single folder of images beside a damaged annotation file: reading it names the damage.
    single = sum(map(holds_images, subfolders(path))) == 1
    return "coco" if single and any(map(_is_damaged_coco, files)) else None


def _is_damaged_coco(file: Path) -> bool:
    try:
        content = parsed(file)
    except DataError:
        return True
    return isinstance(content, dict) and bool(set(content) & set(PARTS))


def _has_yolo_labels(path: Path) -> bool:
    for parent in (path, *subfolders(path)):
        folders = {folder.name.lower(): folder for folder in subfolders(parent)}
        if {IMAGES, LABELS} <= set(folders) and any(file.suffix == ".txt" for file in walk_files(folders[LABELS])):
            return True
    return False
