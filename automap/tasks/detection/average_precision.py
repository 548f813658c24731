"""Average precision and recall of boxes as COCO defines them (https://cocodataset.org/#detection-eval)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MAX_BOXES = 100
"""Only the most probable boxes of each class in an image are evaluated."""


class Found(NamedTuple):
    """Boxes predicted for an image."""

    boxes: Array
    """``(found, 4)``: left, top, right, bottom in pixels."""
    scores: Array
    """``(found,)``"""
    classes: Array
    """``(found,)`` indices."""


class Truth(NamedTuple):
    """Ground-truth boxes of an image."""

    boxes: Array
    """``(boxes, 4)``: left, top, right, bottom in pixels."""
    classes: Array
    """``(boxes,)`` indices."""
    crowds: Array
    """``(boxes,)`` crowd region (`iscrowd`): matches are ignored."""
    ignored: Array
    """``(boxes,)`` difficult object of Pascal VOC: matches are ignored, however many."""

    @property
    def counted(self) -> Array:
        """``(boxes,)`` object that has to be found."""
        return ~(self.crowds | self.ignored)


class AveragePrecision(NamedTuple):
    """COCO's summary; means over the classes that occur."""

    precision: float
    """AP: mean over IoU thresholds from 0.5 to 0.95."""
    precision_at_half: float
    """AP50."""
    recall: float
    """AR of at most 100 boxes per image, mean over IoU thresholds."""


def average_precision(found: Sequence[Found], truth: Sequence[Truth], classes: int) -> AveragePrecision:
    """Compare predicted boxes with the ground truth.

    Args:
        found: predicted boxes of each image.
        truth: ground truth of each image.
        classes: number of classes; those that do not occur are ignored.

    Raises:
        ValueError: if no image has a box.
    """
    precisions, recalls = [], []
    for index in range(classes):
        total = sum(int(((each.classes == index) & each.counted).sum()) for each in truth)
        if total:
            precision, recall = _curve(*_matches(found, truth, index), total)
            precisions.append(precision)
            recalls.append(recall)
    if not precisions:
        raise ValueError("no image has a box")
    of_threshold = np.mean(precisions, axis=0)
    return AveragePrecision(float(of_threshold.mean()), float(of_threshold[0]), float(np.mean(recalls)))


def iou(first: Array, second: Array) -> Array:
    """Return intersection over union of each box ``(n, 4)`` with each other one ``(m, 4)``, ``(n, m)``."""
    shared = _shared(first, second)
    return _ratio(shared, _area(first)[:, None] + _area(second)[None] - shared)


def _shared(first: Array, second: Array) -> Array:
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    other = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.prod(np.clip(other - corner, 0, None), axis=-1))


def _area(boxes: Array) -> Array:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=-1))


def _ratio(shared: Array, whole: Array) -> Array:
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared, dtype=float), where=whole > 0))


def _matches(found: Sequence[Found], truth: Sequence[Truth], index: int) -> tuple[Array, Array, Array]:
    """Return scores ``(found,)`` of a class's boxes in all images, and their hits and misses ``(thresholds, found)``.

    Boxes matched to a crowd region or an ignored object are neither.
    """
    scores, hits, misses = [np.empty(0)], [_NO_MATCH], [_NO_MATCH]
    for mine, theirs in zip(found, truth, strict=True):
        chosen = np.flatnonzero(mine.classes == index)
        chosen = chosen[np.argsort(-mine.scores[chosen], kind="stable")][:MAX_BOXES]
        boxes, same = mine.boxes[chosen], theirs.classes == index
        hit = _hits_in_image(iou(boxes, theirs.boxes[same & theirs.counted]))
        # For a crowd region, the share of the predicted box that lies in it counts.
        within = _ratio(_shared(boxes, theirs.boxes[same & theirs.crowds]), _area(boxes)[:, None])
        unjudged = np.maximum(
            within.max(axis=1, initial=0.0), iou(boxes, theirs.boxes[same & theirs.ignored]).max(axis=1, initial=0.0)
        )
        scores.append(mine.scores[chosen])
        hits.append(hit)
        misses.append(~hit & (unjudged < _LEAST[:, None]))
    return np.concatenate(scores), np.concatenate(hits, axis=1), np.concatenate(misses, axis=1)


_NO_MATCH = np.empty((len(IOU_THRESHOLDS), 0), bool)
_LEAST = np.minimum(IOU_THRESHOLDS, 1 - 1e-10)


def _hits_in_image(shares: Array) -> Array:
    """Match each predicted box, the most probable first, to the free box of largest IoU, for each threshold."""
    hits = np.zeros((len(IOU_THRESHOLDS), len(shares)), bool)
    for row, least in enumerate(_LEAST):
        free = np.ones(shares.shape[1], bool)
        for place, of_box in enumerate(shares):
            best = np.where(free, of_box, -1.0)
            # pycocotools takes the last of several boxes of equal IoU.
            at = len(best) - 1 - int(best[::-1].argmax()) if len(best) else -1
            if at >= 0 and best[at] >= least:
                free[at], hits[row, place] = False, True
    return hits


def _curve(scores: Array, hits: Array, misses: Array, total: int) -> tuple[Array, Array]:
    """Return the mean precision over 101 recalls, and the largest recall, for each IoU threshold."""
    order = np.argsort(-scores, kind="stable")
    right, wrong = (each[:, order].cumsum(axis=1) for each in (hits, misses))
    recall = right / total
    precision = _ratio(right, right + wrong)
    # The precision at a recall is the best at that one or a larger one.
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    means = []
    for of_precision, of_recall in zip(precision, recall, strict=True):
        places = np.searchsorted(of_recall, RECALLS, side="left")
        reached = places < len(of_precision)
        means.append(float(np.where(reached, np.append(of_precision, 0.0)[places], 0.0).mean()))
    return np.array(means), recall[:, -1] if len(order) else np.zeros(len(IOU_THRESHOLDS))
