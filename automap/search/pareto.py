"""Pareto fronts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automap.interfaces.metric import Direction, sign_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Points = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]


def first_fronts(
    values: Sequence[Sequence[float]], directions: Sequence[Direction], enough: int | None
) -> list[list[int]]:
    """Split points into successive Pareto fronts (non-dominated sorting).

    Args:
        values: one point a row, one objective a column.
        directions: ``maximize`` or ``minimize`` for each objective.
        enough: stop after the front that brings the number of assigned points to this; None for all.

    Returns:
        The indices of the points of each front, in ascending order.
    """
    import numpy as np

    if not values:
        return []
    signs = np.array([sign_of(direction) for direction in directions])
    points, positions = np.unique(np.asarray(values, float) * signs, axis=0, return_inverse=True)
    positions = positions.reshape(-1)
    left, fronts, assigned = np.arange(len(points)), [], 0
    while len(left) and (enough is None or assigned < enough):
        mask = _front(points[left])
        members = np.flatnonzero(np.isin(positions, left[mask]))
        fronts.append([int(index) for index in members])
        assigned += len(members)
        left = left[~mask]
    return fronts


def _front(points: Points) -> Mask:
    """Return which points are on the Pareto front.

    Args:
        points: unique and sorted lexicographically; smaller is better.
    """
    import numpy as np

    if points.shape[1] <= 2:
        # In order of the first objective, a point is on the front if its last one is smaller than all before it.
        second = points[:, -1]
        before = np.concatenate([[np.inf], np.minimum.accumulate(second)[:-1]])
        front: Mask = second < before
        return front
    return _front_of_many(points)


def _front_of_many(points: Points) -> Mask:
    import numpy as np

    # The point with the smallest sum is on the front; remove what it dominates and repeat.
    left = np.argsort(points.sum(axis=1), kind="stable")
    members = []
    while len(left):
        best, rest = left[0], left[1:]
        members.append(best)
        left = rest[(points[rest] < points[best]).any(axis=1)]
    front = np.zeros(len(points), bool)
    front[members] = True
    return front
