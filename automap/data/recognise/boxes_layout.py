"""Recognising images with boxes by their annotation files."""

from __future__ import annotations

from pathlib import Path

from automap.data.sources.coco_file import annotation_files, is_coco
from automap.data.sources.files import subfolders, walk_files
from automap.data.sources.yolo import IMAGES, LABELS


def boxes_layout(path: Path) -> str | None:
    """Return the type of a folder of images with boxes in the format of Pascal VOC, YOLO or COCO; None for others.

    Args:
        path: a folder.
    """
    if (path / "Annotations").is_dir() and next((path / "Annotations").glob("*.xml"), None) is not None:
        return "voc"
    if _has_yolo_labels(path):
        return "yolo"
    return "coco" if any(is_coco(file) for file in annotation_files(path)) else None


def _has_yolo_labels(path: Path) -> bool:
    for parent in (path, *subfolders(path)):
        folders = {folder.name.lower(): folder for folder in subfolders(parent)}
        if {IMAGES, LABELS} <= set(folders) and any(file.suffix == ".txt" for file in walk_files(folders[LABELS])):
            return True
    return False
