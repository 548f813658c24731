"""Numbers as people read them: metrics with four decimals, costs with their units."""

from __future__ import annotations

from automap.leaderboard.board import Estimate
from automap.spec.quantities import format_duration, format_size
from automap.store.rankings import Measure

NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""


def format_measured(measure: Measure, found: Estimate | None) -> str:
    """Write one of a row's numbers, with its spread if it has one: ``0.9852 ±.0037``."""
    if found is None:
        return NOTHING
    if measure.group == "cost":
        return format_cost(measure.name, found.mean)
    if found.std is None:
        return format_metric(found.mean)
    return f"{format_metric(found.mean)} ±{format_metric(found.std).removeprefix('0')}"


def format_metric(value: float) -> str:
    """Write a metric: ``0.9852``."""
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.4g}"


def format_cost(name: str, value: float) -> str:
    """Write a cost with its unit: ``1.2 M``, ``0.31 ms``, ``4.7 MB``, ``12s``."""
    if name.endswith("_bytes"):
        return format_size(value)
    if name.endswith("_seconds"):
        return format_duration(value)
    if name.endswith("_ms"):
        return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"
    return format_count(value)


def format_count(value: float) -> str:
    """Write a large number in three digits: ``913``, ``12.3 k``, ``1.2 M``, ``3.4 G``."""
    for unit in ("", "k", "M", "G"):
        if abs(value) < 999.5:
            return f"{value:.0f}" if not unit else f"{_three_digits(value)} {unit}"
        value /= 1000
    return f"{_three_digits(value)} T"


def _three_digits(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
