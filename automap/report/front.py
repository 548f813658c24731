"""The Pareto front: quality against cost."""

from __future__ import annotations

from automap.interfaces.metric import Direction
from automap.leaderboard.board import Row, objective_measure
from automap.report.charts import chart, field, number, state_colour
from automap.report.section import Section
from automap.report.study_data import StudyData
from automap.search.pareto import first_fronts
from automap.store.rankings import Measure

MAX_POINTS = 1500
_DEFAULT_COST = Measure("cost", "latency_ms", "minimize")


def pareto_front(data: StudyData) -> Section | None:
    """Return the chart of the first objective against the second one, or against latency if there is only one.

    Returns:
        None if fewer than two trials can be ranked.
    """
    measures = [objective_measure(objective) for objective in data.study.objectives]
    x, y = (measures[1] if len(measures) > 1 else _DEFAULT_COST), measures[0]
    rows = [row for row in data.board.rows if row.rank is not None and _value(row, x) is not None]
    rows = [row for row in rows if _value(row, y) is not None]
    if len(rows) < 2:
        return None
    directions: list[Direction] = [x.direction, y.direction]
    front = set(first_fronts([(_value(row, x) or 0.0, _value(row, y) or 0.0) for row in rows], directions, 1)[0])
    kept = sorted({*front, *range(MAX_POINTS)} & set(range(len(rows))))
    points = [
        {
            "trial": rows[index].trial,
            "state": rows[index].state,
            "x": _value(rows[index], x),
            "y": _value(rows[index], y),
            "on the front": "yes" if index in front else "no",
        }
        for index in kept
    ]
    axes = {"x": number("x", _title(x), log=x.group == "cost"), "y": number("y", _title(y))}
    titles = {"trial": "trial", "state": "state", "x": _title(x), "y": _title(y), "on the front": "on the front"}
    tooltip = [field(key, "nominal", title) for key, title in titles.items()]
    line = {
        "transform": [{"filter": "datum['on the front'] === 'yes'"}],
        "mark": {"type": "line", "interpolate": "step-after", "strokeDash": [4, 3], "color": "#888"},
        "encoding": axes,
    }
    dots = {
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.8},
        "encoding": {
            **axes,
            "color": state_colour([str(point["state"]) for point in points]),
            "shape": field("on the front", "nominal", "on the front"),
            "tooltip": tooltip,
        },
    }
    graph = chart(f"{_title(y)} against {_title(x)} with the Pareto front", points, layer=[line, dots])
    left = len(rows) - len(kept)
    note = f" The {left:,} lowest-ranked trials are left out." if left else ""
    return Section("front", "Pareto front", f"Trials that no other beats in both numbers are joined.{note}", [graph])


def _value(row: Row, measure: Measure) -> float | None:
    found = row.measured(measure)
    return None if found is None else found.mean


def _title(measure: Measure) -> str:
    return measure.name.replace("_", " ")
