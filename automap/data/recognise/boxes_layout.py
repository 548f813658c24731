"""Images with boxes, told by what lies beside them."""

from __future__ import annotations

from pathlib import Path

from automap.data.sources.coco_file import annotation_files, is_coco
from automap.data.sources.files import walk_files
from automap.data.sources.yolo import IMAGES, LABELS


def boxes_layout(path: Path) -> str | None:
    """Return the type of data set if a folder holds images with boxes as Pascal VOC, YOLO or COCO has them.

    Args:
        path: a folder.
    """
    if (path / "Annotations").is_dir() and next((path / "Annotations").glob("*.xml"), None) is not None:
        return "voc"
    if _has_yolo_labels(path):
        return "yolo"
    return "coco" if any(is_coco(file) for file in annotation_files(path)) else None


def _has_yolo_labels(path: Path) -> bool:
    labels = [each for each in (path / LABELS, *path.glob(f"*/{LABELS}")) if (each.parent / IMAGES).is_dir()]
    return any(file.suffix == ".txt" for folder in labels for file in walk_files(folder))
