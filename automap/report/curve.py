"""The learning curve of a trial, from its result or, while it is open, from what it measured at rungs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automap.store.measurements import MeasurementRow
from automap.store.results import ResultRow


def evaluations(
    result: ResultRow | None, measurements: Sequence[MeasurementRow]
) -> list[tuple[int, Mapping[str, float | None]]]:
    """Return the evaluations of a trial: training images seen, and what was measured.

    Args:
        result: the trial's result; None if it has none.
        measurements: what was measured at rungs; used if the result has no curve.
    """
    if result is not None and result.result.curve:
        return [(int(point.get("images", point["epoch"])), point) for point in result.result.curve]
    return [(each.images, each.objectives) for each in measurements]


def curve_points(
    result: ResultRow | None, measurements: Sequence[MeasurementRow], metric: str
) -> list[tuple[float, float]]:
    """Return the points of a metric: training images seen, and the value.

    Args:
        result: the trial's result; None if it has none.
        measurements: what was measured at rungs; used if the result has no curve.
        metric: a validation metric.
    """
    measured = [(float(images), values.get(metric)) for images, values in evaluations(result, measurements)]
    return [(images, value) for images, value in measured if value is not None]
