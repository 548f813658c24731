"""The learning curve of a trial, from its result or, while it is open, from what it measured at rungs."""

from __future__ import annotations

from collections.abc import Sequence

from automap.store.measurements import MeasurementRow
from automap.store.results import ResultRow


def curve_points(
    result: ResultRow | None, measurements: Sequence[MeasurementRow], metric: str
) -> list[tuple[float, float]]:
    """Return the points of a metric: training images seen, and the value.

    Args:
        result: the trial's result; None if it has none.
        measurements: what was measured at rungs; used if the result has no curve.
        metric: a validation metric.
    """
    if result is not None and result.result.curve:
        return [
            (float(point.get("images", point["epoch"])), point[metric])
            for point in result.result.curve
            if metric in point
        ]
    measured = [(float(each.images), each.objectives.get(metric)) for each in measurements]
    return [(images, value) for images, value in measured if value is not None]
