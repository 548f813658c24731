"""Target assignment and loss of FCOS (Tian et al., 2019, arXiv:1904.01355)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

RADIUS = 1.5
"""Locations within this many strides of a box's center, in both directions, predict it."""
REACH = 8.0
"""A level predicts boxes whose farthest edge is a quarter of this many strides away up to this many; the finest for
all smaller ones too, the coarsest for all larger ones. Levels whose strides are a factor of four apart leave no gap."""
SMALLEST_SIDE = 1.0
"""Smallest side of a box in pixels; smaller ones, cut by augmentation, are ignored."""


class FcosLoss(keras.losses.Loss):  # type: ignore[misc]
    """The FCOS loss of boxes ``(batch, boxes, 5)`` and raw outputs ``(batch, points, 8 + classes)``.

    Args:
        gamma: of the focal loss.
        alpha: of the focal loss.
        box_weight: weight of the boxes.
    """

    def __init__(self, gamma: float, alpha: float, box_weight: float) -> None:
        super().__init__(reduction=None)
        self.gamma, self.alpha, self.box_weight = gamma, alpha, box_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of a batch, a number."""
        boxes, said = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        edges, classes, answers = assign(boxes, said[..., :3])
        counted = ops.cast(answers, "float32")
        judged = ops.cast(answers | ~in_ignored(boxes, said[..., :2]), "float32")
        objects = ops.maximum(ops.sum(counted), 1.0)
        wanted = ops.one_hot(classes, said.shape[-1] - 8, dtype="float32") * counted[..., None]
        focal = self._focal(wanted, said[..., 8:], judged) / objects
        center = centerness(edges) * counted
        overlap = 1.0 - giou(edges, said[..., 3:7])
        placed = ops.sum(overlap * center) / ops.maximum(ops.sum(center), 1e-3)
        centred = ops.sum(_cross_entropy(center, said[..., 7]) * counted) / objects
        return focal + self.box_weight * placed + centred

    def _focal(self, wanted: Any, logits: Any, judged: Any) -> Any:
        share = ops.sigmoid(logits)
        missed = wanted * (1 - share) + (1 - wanted) * share
        weight = wanted * self.alpha + (1 - wanted) * (1 - self.alpha)
        return ops.sum(judged[..., None] * weight * missed**self.gamma * _cross_entropy(wanted, logits))


def assign(boxes: Any, points: Any) -> tuple[Any, Any, Any]:
    """Assign each location to the smallest box that contains its center region and suits its pyramid level.

    Args:
        boxes: ``(batch, boxes, 5)``: left, top, right, bottom, class; -1 for none.
        points: ``(batch, points, 3)``: x, y, stride.

    Returns:
        Distances to the edges of its box ``(batch, points, 4)``, at least 0; its class ``(batch, points)``, int32;
        and whether it has a box.
    """
    x, y, stride = (points[..., index][..., None] for index in range(3))
    left, top, right, bottom, label = (boxes[..., index][:, None] for index in range(5))
    distances = ops.stack([x - left, y - top, right - x, bottom - y], axis=-1)
    nearest, farthest = ops.min(distances, axis=-1), ops.max(distances, axis=-1)
    aside = ops.maximum(ops.abs(x - (left + right) / 2), ops.abs(y - (top + bottom) / 2))
    finest, coarsest = ops.min(points[..., 2]), ops.max(points[..., 2])
    lower = ops.where(stride > finest, REACH / 4 * stride, 0.0)
    upper = ops.where(stride < coarsest, REACH * stride, 1e9)
    real = (label >= 0) & (right - left >= SMALLEST_SIDE) & (bottom - top >= SMALLEST_SIDE)
    fits = real & (nearest > 0) & (aside < RADIUS * stride) & (farthest >= lower) & (farthest < upper)
    area = ops.where(fits, (right - left) * (bottom - top), 1e12)
    chosen = ops.argmin(area, axis=-1)
    answers = ops.any(fits, axis=-1)
    one = ops.one_hot(chosen, boxes.shape[1], dtype="float32")
    edges = ops.maximum(ops.sum(distances * one[..., None], axis=2), 0.0)
    classes = ops.cast(ops.sum(ops.maximum(label, 0.0) * one, axis=-1), "int32")
    return edges, classes, answers


def in_ignored(boxes: Any, points: Any) -> Any:
    """Return whether locations lie in a box that is ignored: a crowd, or a difficult object.

    Args:
        boxes: ``(batch, boxes, 5)``: left, top, right, bottom, class; -2 and below for boxes that are ignored.
        points: ``(batch, points, 2)``: x, y.
    """
    x, y = points[..., :1], points[..., 1:]
    left, top, right, bottom, label = (boxes[..., index][:, None] for index in range(5))
    return ops.any((label < -1.5) & (x > left) & (x < right) & (y > top) & (y < bottom), axis=-1)


def centerness(edges: Any) -> Any:
    """Return the centerness of points: 1 at the center of their box, 0 on an edge (Tian et al., 2019, equation 3)."""
    across = _ratio(edges[..., 0], edges[..., 2])
    down = _ratio(edges[..., 1], edges[..., 3])
    return ops.sqrt(ops.maximum(across * down, 1e-12))


def giou(wanted: Any, said: Any) -> Any:
    """Return the generalised overlap of boxes given by distances from a common point ``(..., 4)``, -1 to 1."""
    areas = [(edges[..., 0] + edges[..., 2]) * (edges[..., 1] + edges[..., 3]) for edges in (wanted, said)]
    inner, outer = ops.minimum(wanted, said), ops.maximum(wanted, said)
    shared = (inner[..., 0] + inner[..., 2]) * (inner[..., 1] + inner[..., 3])
    whole = (outer[..., 0] + outer[..., 2]) * (outer[..., 1] + outer[..., 3])
    union = areas[0] + areas[1] - shared
    return shared / ops.maximum(union, 1e-6) - (whole - union) / ops.maximum(whole, 1e-6)


def _ratio(first: Any, second: Any) -> Any:
    return ops.minimum(first, second) / ops.maximum(ops.maximum(first, second), 1e-6)


def _cross_entropy(wanted: Any, logits: Any) -> Any:
    return ops.maximum(logits, 0.0) - logits * wanted + ops.log1p(ops.exp(-ops.abs(logits)))
