"""Decode FCOS outputs into boxes (NMS)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.detection.average_precision import MAX_BOXES, Found, iou
from automap.tasks.detection.fusion import fuse_boxes

MIN_SCORE = 0.05
MAX_CANDIDATES = 1000
NMS_IOU = 0.6
"""Non-maximum suppression drops the less certain of two boxes of one class whose IoU is larger."""


def find_boxes(output: Array, size: tuple[int, int]) -> Found:
    """Return the boxes of an image, the most probable first, at most 100.

    Args:
        output: raw outputs for one image, ``(points, 8 + classes)``; see `Detection.outputs`.
        size: height and width of the record.
    """
    centerness = _sigmoid(output[:, 7:8])
    scores = np.sqrt(_sigmoid(output[:, 8:]) * centerness)
    points, classes = np.nonzero(scores >= MIN_SCORE)
    certain = scores[points, classes]
    order = np.argsort(-certain, kind="stable")[:MAX_CANDIDATES]
    points, classes, certain = points[order], classes[order], certain[order]
    boxes = _boxes(output[points], size)
    kept = suppress(boxes, classes)
    return Found(boxes[kept], certain[kept], classes[kept])


def find_members_boxes(output: Array, size: tuple[int, int], members: Sequence[tuple[int, float]]) -> Found:
    """Return the boxes of an image; those of an ensemble's networks are fused.

    Args:
        output: raw outputs for one image, ``(points, 8 + classes)``; of an ensemble, of one network after the other.
        size: height and width of the record.
        members: points and weight of each network; none for a single network.
    """
    if not members:
        return find_boxes(output, size)
    ends = np.cumsum([points for points, _ in members])[:-1]
    found = [find_boxes(part, size) for part in np.split(output, ends)]
    return fuse_boxes(found, [weight for _, weight in members])


def suppress(boxes: Array, classes: Array) -> Array:
    """Return the indices of the boxes that greedy non-maximum suppression by class keeps, at most 100.

    Args:
        boxes: ``(n, 4)``, the most probable first.
        classes: ``(n,)``.
    """
    # Boxes of different classes are moved apart, so that they never overlap.
    apart = boxes + (boxes.max(initial=0) * classes)[:, None]
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left) and len(kept) < MAX_BOXES:
        kept.append(int(left[0]))
        covered = iou(apart[left[:1]], apart[left])[0] > NMS_IOU
        left = left[1:][~covered[1:]]
    return np.array(kept, np.intp)


def _boxes(output: Array, size: tuple[int, int]) -> Array:
    x, y = output[:, 0], output[:, 1]
    left, top, right, bottom = output[:, 3:7].T
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=-1)
    height, width = size
    return np.asarray(np.clip(boxes, 0, [width, height, width, height]))


def _sigmoid(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))
