"""Decode FCOS outputs into boxes (NMS)."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.detection.average_precision import MAX_BOXES, Found, iou

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


def suppress(boxes: Array, classes: Array) -> Array:
    """Return the indices of the boxes that greedy non-maximum suppression by class keeps, at most 100.

    Args:
        boxes: ``(n, 4)``, the most probable first.
        classes: ``(n,)``.
    """
    # Boxes of different classes are moved apart, so that none iou another.
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
