"""From what the points of a detector say to boxes."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.detection.average_precision import MOST_FOUND, Found, overlaps

LEAST_SCORE = 0.05
MOST_CANDIDATES = 1000
SAME_OBJECT = 0.6
"""Of two boxes of one class that overlap by more, the less certain one is dropped."""


def find_boxes(output: Array, size: tuple[int, int]) -> Found:
    """Return the boxes of an image, the most certain first, at most 100.

    Args:
        output: of one image, ``(points, 8 + classes)``, as `Detection.outputs` describes.
        size: height and width of the record.
    """
    middle = _sigmoid(output[:, 7:8])
    scores = np.sqrt(_sigmoid(output[:, 8:]) * middle)
    points, classes = np.nonzero(scores >= LEAST_SCORE)
    certain = scores[points, classes]
    order = np.argsort(-certain, kind="stable")[:MOST_CANDIDATES]
    points, classes, certain = points[order], classes[order], certain[order]
    boxes = _boxes(output[points], size)
    kept = suppress(boxes, classes)
    return Found(boxes[kept], certain[kept], classes[kept])


def suppress(boxes: Array, classes: Array) -> Array:
    """Return the indices of boxes that no more certain box of their class covers, at most 100; greedy, class by class.

    Args:
        boxes: ``(n, 4)``, the most certain first.
        classes: ``(n,)``.
    """
    # Boxes of different classes are moved apart, so that none overlaps another.
    apart = boxes + (boxes.max(initial=0) * classes)[:, None]
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left) and len(kept) < MOST_FOUND:
        kept.append(int(left[0]))
        covered = overlaps(apart[left[:1]], apart[left])[0] > SAME_OBJECT
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
