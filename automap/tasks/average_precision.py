"""Average precision and recall of boxes as COCO defines them (https://cocodataset.org/#detection-eval)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MOST_FOUND = 100
"""Boxes that count in an image, the most certain ones of each class."""


class Found(NamedTuple):
    """The boxes that were found in an image."""

    boxes: Array
    """``(found, 4)``: left, top, right, bottom in pixels."""
    scores: Array
    """``(found,)``"""
    classes: Array
    """``(found,)`` indices."""


class Truth(NamedTuple):
    """The boxes that are in an image."""

    boxes: Array
    """``(boxes, 4)``: left, top, right, bottom in pixels."""
    classes: Array
    """``(boxes,)`` indices."""


class AveragePrecision(NamedTuple):
    """COCO's summary; each a mean over the classes that occur."""

    precision: float
    """Mean over the overlaps from 0.5 to 0.95: AP."""
    precision_at_half: float
    """AP50."""
    recall: float
    """Of at most 100 boxes an image, mean over the overlaps: AR."""


def average_precision(found: Sequence[Found], truth: Sequence[Truth], classes: int) -> AveragePrecision:
    """Compare what was found in some images with what is there.

    Args:
        found: for each image.
        truth: for each image.
        classes: how many there are; those that no image has count nowhere.

    Raises:
        ValueError: if no image has a box.
    """
    precisions, recalls = [], []
    for index in range(classes):
        total = sum(int((each.classes == index).sum()) for each in truth)
        if total:
            scores, hits = _matches(found, truth, index)
            precision, recall = _curve(scores, hits, total)
            precisions.append(precision)
            recalls.append(recall)
    if not precisions:
        raise ValueError("no image has a box")
    of_overlap = np.mean(precisions, axis=0)
    return AveragePrecision(float(of_overlap.mean()), float(of_overlap[0]), float(np.mean(recalls)))


def overlaps(first: Array, second: Array) -> Array:
    """Return intersection over union of each box ``(n, 4)`` with each other one ``(m, 4)``, ``(n, m)``."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    other = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(other - corner, 0, None), axis=-1)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared, dtype=float), where=union > 0))


def _matches(found: Sequence[Found], truth: Sequence[Truth], index: int) -> tuple[Array, Array]:
    """Return scores ``(found,)`` of a class's boxes in all images, and whether each hits, ``(overlaps, found)``."""
    scores, hits = [np.empty(0)], [np.empty((len(OVERLAPS), 0), bool)]
    for mine, theirs in zip(found, truth, strict=True):
        chosen = np.flatnonzero(mine.classes == index)
        chosen = chosen[np.argsort(-mine.scores[chosen], kind="stable")][:MOST_FOUND]
        scores.append(mine.scores[chosen])
        hits.append(_hits_in_image(overlaps(mine.boxes[chosen], theirs.boxes[theirs.classes == index])))
    return np.concatenate(scores), np.concatenate(hits, axis=1)


def _hits_in_image(shares: Array) -> Array:
    """Give each found box, the most certain first, the free box that it overlaps most; for each least overlap."""
    hits = np.zeros((len(OVERLAPS), len(shares)), bool)
    for row, least in enumerate(OVERLAPS):
        free = np.ones(shares.shape[1], bool)
        for place, of_box in enumerate(shares):
            best = np.where(free, of_box, -1.0)
            # Of equal overlaps COCO's own program takes the last.
            at = len(best) - 1 - int(best[::-1].argmax()) if len(best) else -1
            if at >= 0 and best[at] >= min(least, 1 - 1e-10):
                free[at], hits[row, place] = False, True
    return hits


def _curve(scores: Array, hits: Array, total: int) -> tuple[Array, Array]:
    """Return the mean precision over 101 recalls, and the largest recall, for each least overlap."""
    ordered = hits[:, np.argsort(-scores, kind="stable")]
    right = ordered.cumsum(axis=1)
    recall = right / total
    precision = right / np.arange(1, ordered.shape[1] + 1)
    # The precision at a recall is the best at that one or a larger one.
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    means = []
    for of_precision, of_recall in zip(precision, recall, strict=True):
        places = np.searchsorted(of_recall, RECALLS, side="left")
        reached = places < len(of_precision)
        means.append(float(np.where(reached, np.append(of_precision, 0.0)[places], 0.0).mean()))
    return np.array(means), recall[:, -1] if ordered.shape[1] else np.zeros(len(OVERLAPS))
