"""Pareto fronts of many points at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Points = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]


def first_fronts(values: Sequence[Sequence[float]], directions: Sequence[str], enough: int | None) -> list[list[int]]:
    """Split points into fronts: those that no other dominates, then those left without them, and so on.

    Args:
        values: one point a row, one objective a column.
        directions: ``maximize`` or ``minimize`` for each objective.
        enough: stop after the front with which so many points are assigned; None for all.

    Returns:
        For each front the indices of its points, ascending.
    """
    import numpy as np

    if not values:
        return []
    signs = np.array([1.0 if direction == "minimize" else -1.0 for direction in directions])
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
    """Return which points no other dominates.

    Args:
        points: no two alike, sorted by their columns from left to right; smaller is better.
    """
    import numpy as np

    if points.shape[1] <= 2:
        # Sorted by the first objective, a point stays if its second (or only) one is smaller than all before.
        second = points[:, -1]
        before = np.concatenate([[np.inf], np.minimum.accumulate(second)[:-1]])
        front: Mask = second < before
        return front
    return _front_of_many(points)


def _front_of_many(points: Points) -> Mask:
    import numpy as np

    # No point dominates the one with the smallest sum, and what that one dominates goes: one pass for each
    # member of the front.
    left = np.argsort(points.sum(axis=1), kind="stable")
    members = []
    while len(left):
        best, rest = left[0], left[1:]
        members.append(best)
        left = rest[(points[rest] < points[best]).any(axis=1)]
    front = np.zeros(len(points), bool)
    front[members] = True
    return front
