"""Weighted box fusion of several networks' boxes (Solovyev et al., 2019, arXiv:1910.13302)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.detection.average_precision import MAX_BOXES, Found, iou

FUSION_IOU = 0.55
"""Boxes of one class that overlap a fused box at least so much are parts of it."""


def fuse_boxes(found: Sequence[Found], weights: Sequence[float]) -> Found:
    """Return one set of boxes from those of several networks, the most probable first, at most 100.

    Args:
        found: boxes of an image from each network.
        weights: of each network; they sum to 1.
    """
    boxes = np.concatenate([each.boxes for each in found])
    classes = np.concatenate([each.classes for each in found])
    scores = np.concatenate([each.scores * weight for each, weight in zip(found, weights, strict=True)])
    fused: list[tuple[Array, float, int]] = []
    for index in np.unique(classes):
        mine = np.flatnonzero(classes == index)
        order = mine[np.argsort(-scores[mine], kind="stable")]
        fused += [(box, score, int(index)) for box, score in _clusters(boxes[order], scores[order])]
    fused.sort(key=lambda each: -each[1])
    fused = fused[:MAX_BOXES]
    return Found(
        np.array([box for box, _, _ in fused]).reshape(-1, 4),
        np.array([score for _, score, _ in fused]),
        np.array([index for _, _, index in fused], np.intp),
    )


def _clusters(boxes: Array, scores: Array) -> list[tuple[Array, float]]:
    """Return fused boxes of one class: the mean of overlapping boxes by score, with the sum of their scores.

    A score that was multiplied by the weight of its network sums to the weighted mean over all networks, in which those
    that found nothing count as 0.
    """
    means: list[Array] = []
    members: list[list[int]] = []
    for place, box in enumerate(boxes):
        overlaps = iou(box[None], np.array(means))[0] if means else np.zeros(0)
        best = int(overlaps.argmax()) if len(overlaps) else -1
        if best < 0 or overlaps[best] < FUSION_IOU:
            means.append(box)
            members.append([place])
        else:
            members[best].append(place)
            chosen = members[best]
            means[best] = np.average(boxes[chosen], axis=0, weights=scores[chosen])
    return [(mean, min(1.0, float(scores[chosen].sum()))) for mean, chosen in zip(means, members, strict=True)]
