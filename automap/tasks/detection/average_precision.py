"""Average precision and recall of boxes as COCO defines them (https://cocodataset.org/#detection-eval)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array

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
    crowds: Array
    """``(boxes,)`` whether a box holds many objects: what is found in it is neither right nor wrong."""


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
        total = sum(int(((each.classes == index) & ~each.crowds).sum()) for each in truth)
        if total:
            precision, recall = _curve(*_matches(found, truth, index), total)
            precisions.append(precision)
            recalls.append(recall)
    if not precisions:
        raise ValueError("no image has a box")
    of_overlap = np.mean(precisions, axis=0)
    return AveragePrecision(float(of_overlap.mean()), float(of_overlap[0]), float(np.mean(recalls)))


def overlaps(first: Array, second: Array) -> Array:
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
    """Return scores ``(found,)`` of a class's boxes in all images, and whether each hits and misses.

    The latter are ``(overlaps, found)``; what lies in a crowd does neither.
    """
    scores, hits, misses = [np.empty(0)], [_NO_MATCH], [_NO_MATCH]
    for mine, theirs in zip(found, truth, strict=True):
        chosen = np.flatnonzero(mine.classes == index)
        chosen = chosen[np.argsort(-mine.scores[chosen], kind="stable")][:MOST_FOUND]
        boxes, same = mine.boxes[chosen], theirs.classes == index
        hit = _hits_in_image(overlaps(boxes, theirs.boxes[same & ~theirs.crowds]))
        # Of a crowd counts how much of what was found lies in it.
        within = _ratio(_shared(boxes, theirs.boxes[same & theirs.crowds]), _area(boxes)[:, None])
        scores.append(mine.scores[chosen])
        hits.append(hit)
        misses.append(~hit & (within.max(axis=1, initial=0.0) < _LEAST[:, None]))
    return np.concatenate(scores), np.concatenate(hits, axis=1), np.concatenate(misses, axis=1)


_NO_MATCH = np.empty((len(OVERLAPS), 0), bool)
_LEAST = np.minimum(OVERLAPS, 1 - 1e-10)


def _hits_in_image(shares: Array) -> Array:
    """Give each found box, the most certain first, the free box that it overlaps most; for each least overlap."""
    hits = np.zeros((len(OVERLAPS), len(shares)), bool)
    for row, least in enumerate(_LEAST):
        free = np.ones(shares.shape[1], bool)
        for place, of_box in enumerate(shares):
            best = np.where(free, of_box, -1.0)
            # Of equal overlaps COCO's own program takes the last.
            at = len(best) - 1 - int(best[::-1].argmax()) if len(best) else -1
            if at >= 0 and best[at] >= least:
                free[at], hits[row, place] = False, True
    return hits


def _curve(scores: Array, hits: Array, misses: Array, total: int) -> tuple[Array, Array]:
    """Return the mean precision over 101 recalls, and the largest recall, for each least overlap."""
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
    return np.array(means), recall[:, -1] if len(order) else np.zeros(len(OVERLAPS))
