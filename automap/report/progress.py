"""Charts of how a search went: best value so far, learning curves, use of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

from automap.report.charts import STATE_COLOURS, bars, chart, field, number, state_colour, step_line
from automap.report.curve import curve_points
from automap.report.sampling import shown_trials
from automap.report.section import Section
from automap.report.study_data import StudyData, TrialData

MAX_CURVES = 200


def best_so_far(data: StudyData) -> Section | None:
    """Return the chart of the best value over time, or None if no trial has completed."""
    ended = sorted(
        (trial.result for trial in data.trials if trial.result is not None and trial.result.value is not None),
        key=lambda result: result.finished_at,
    )
    ended = [result for result in ended if result.state == "complete"]
    if not ended:
        return None
    better = max if data.maximized else min
    best = accumulate((result.value or 0.0 for result in ended), better)
    points = [
        {"minutes": _minutes(data.study.created_at, result.finished_at), "best": value, "trial": result.trial}
        for result, value in zip(ended, best, strict=True)
    ]
    name = data.objective.name
    lines = step_line(
        f"Best {name} of completed trials over the time of the search",
        points,
        number("minutes", "minutes since the start", zero=True),
        number("best", f"best {name}"),
    )
    return Section("progress", "Best value over time", f"Best {name} on validation of completed trials.", [lines])


def learning_curves(data: StudyData) -> Section | None:
    """Return the chart of all learning curves with the decisions at rungs, or None if nothing was evaluated."""
    measured = [trial for trial in data.trials if _has_curve(trial)]
    if not measured:
        return None
    shown, note = shown_trials(data, measured, MAX_CURVES)
    points = [point for trial in shown for point in _curve(data, trial)]
    decisions = [point for trial in shown for point in _decisions(data, trial)]
    name = data.objective.name
    x = number("images", "training images seen", zero=True, axis={"format": "~s"})
    y = number("value", f"{name} on validation")
    colour = state_colour([trial.state for trial in shown])
    tooltip = [field(key, "nominal", key) for key in ("trial", "state", "images", "value")]
    lines = {
        "mark": {"type": "line", "opacity": 0.6, "interpolate": "monotone"},
        "encoding": {"x": x, "y": y, "color": colour, "detail": field("trial", "nominal"), "tooltip": tooltip},
    }
    marks = {
        "data": {"values": decisions},
        "mark": {"type": "point", "filled": True, "size": 28},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            "shape": field("decision", "nominal", "at a rung"),
            "tooltip": [*tooltip, field("decision", "nominal", "decision")],
        },
    }
    graph = chart(
        f"{name} on validation of each trial over the training images it has seen",
        points,
        height=360,
        layer=[lines, marks] if decisions else [lines],
    )
    return Section("curves", "Learning curves", f"One line for each trial. {note}".strip(), [graph])


def time_use(data: StudyData) -> Section | None:
    """Return the chart of the training time by what became of the trials, or None if nothing was trained."""
    spent: dict[str, float] = {}
    for trial in data.trials:
        spent[trial.state] = spent.get(trial.state, 0.0) + _train_seconds(trial)
    finals = sum(result.cost.get("train_seconds", 0.0) for result in data.finals)
    minutes = {f"trials: {state}": spent[state] / 60 for state in STATE_COLOURS if spent.get(state)}
    minutes |= {"finalists, trained again": finals / 60} if finals else {}
    trained, used = sum(minutes.values()), data.study.seconds_used / 60
    if not trained:
        return None
    if used > trained:
        minutes["starting, compiling, evaluating, waiting"] = used - trained
    points = [{"what": what, "minutes": value} for what, value in minutes.items()]
    x = number("minutes", "minutes", zero=True)
    graph = bars("Minutes by what they were used for", points, x, field("what", "nominal", None, sort=None))
    text = f"The search took {used:.1f} minutes; the minutes of several workers are added up below."
    return Section("time", "Use of time", text, [graph])


def _train_seconds(trial: TrialData) -> float:
    if trial.result is not None:
        return trial.result.cost.get("train_seconds", 0.0)
    return trial.measurements[-1].seconds if trial.measurements else 0.0


def _has_curve(trial: TrialData) -> bool:
    return bool(trial.measurements or (trial.result is not None and trial.result.result.curve))


def _curve(data: StudyData, trial: TrialData) -> Iterator[dict[str, Any]]:
    metric = data.study.objectives[0].metric
    for images, value in curve_points(trial.result, trial.measurements, metric):
        yield {"trial": trial.run.trial, "state": trial.state, "images": images, "value": value}


def _decisions(data: StudyData, trial: TrialData) -> Iterator[dict[str, Any]]:
    metric = data.study.objectives[0].metric
    for measurement in trial.measurements:
        value = measurement.objectives.get(metric)
        if value is not None and measurement.decision is not None:
            yield {
                "trial": trial.run.trial,
                "state": trial.state,
                "images": measurement.images,
                "value": value,
                "decision": measurement.decision,
            }


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60
