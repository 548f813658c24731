"""Charts of a report, as Vega-Lite specifications (Satyanarayan et al., 2017, doi:10.1109/TVCG.2016.2599030)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Chart = dict[str, Any]
Point = Mapping[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""Names the grammar; nothing is loaded from there."""

# Okabe and Ito's palette, which readers with a colour vision deficiency can tell apart; legible on white and black.
STATE_COLOURS = {
    "finalist": "#009E73",
    "ensemble": "#F0E442",
    "trained": "#D55E00",
    "compressed": "#CC79A7",
    "complete": "#3D8FD1",
    "paused": "#E69F00",
    "pruned": "#CC79A7",
    "running": "#56B4E9",
    "waiting": "#999999",
    "infeasible": "#A6761D",
    "failed": "#D55E00",
}
_ACCENT = "#3D8FD1"


def chart(description: str, points: Sequence[Point], **parts: Any) -> Chart:
    """Return a chart over data that travels with it.

    Args:
        description: what a screen reader says about the chart.
        points: the data.
        parts: marks, encodings and other parts of the specification.
    """
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "height": 260,
        "data": {"values": list(points)},
        **parts,
    }


def colour_scale(name: str, title: str, **more: Any) -> dict[str, Any]:
    """Return an encoding of a number as a colour."""
    return field(name, "quantitative", title, scale={"scheme": "viridis"}, **more)


def field(name: str, kind: str, title: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an encoding of one field.

    Args:
        name: of the field.
        kind: ``quantitative``, ``nominal``, ``ordinal`` or ``temporal``.
        title: of its axis or legend; None for none.
        more: scale, axis and so on.
    """
    # A dot in a name would be read as a path.
    return {"field": name.replace(".", "\\."), "type": kind, "title": title, **more}


def number(name: str, title: str, *, zero: bool = False, log: bool = False, **more: Any) -> dict[str, Any]:
    """Return an encoding of a number."""
    scale: dict[str, Any] = {"type": "log", "nice": False} if log else {"zero": zero}
    axis = {"tickCount": 6, **more.pop("axis", {})}
    return field(name, "quantitative", title, scale=scale, axis=axis, **more)


def state_colour(states: Sequence[str]) -> dict[str, Any]:
    """Return the encoding that colours trials by their state."""
    shown = [state for state in STATE_COLOURS if state in states]
    return field(
        "state", "nominal", "state", scale={"domain": shown, "range": [STATE_COLOURS[state] for state in shown]}
    )


def bars(description: str, points: Sequence[Point], x: dict[str, Any], y: dict[str, Any]) -> Chart:
    """Return horizontal bars, one for each point."""
    mark = {"type": "bar", "color": _ACCENT, "cornerRadiusEnd": 2, "tooltip": True}
    return chart(description, points, mark=mark, height=24 * max(1, len(points)), encoding={"x": x, "y": y})


def step_line(description: str, points: Sequence[Point], x: dict[str, Any], y: dict[str, Any]) -> Chart:
    """Return a line that changes in steps."""
    mark = {"type": "line", "interpolate": "step-after", "color": _ACCENT, "point": True, "tooltip": True}
    return chart(description, points, mark=mark, encoding={"x": x, "y": y})
