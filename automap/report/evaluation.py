"""How good the winner is: confusion matrix, calibration, predicted against true numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.data_info import LabelInfo, NumbersInfo
from automap.report.charts import Chart, chart, colour_scale, field, number
from automap.report.section import Section
from automap.report.winner_data import WinnerData

MAX_CLASSES = 40
BINS = 10


def evaluation(winner: WinnerData) -> Section:
    """Return the winner's metrics with the charts that suit its task."""
    target = winner.info.target
    charts: list[Chart] = []
    probabilities = winner.probabilities
    if isinstance(target, LabelInfo) and probabilities is not None:
        charts = [_confusion(winner, probabilities, target), _calibration(winner, probabilities)]
    elif isinstance(target, NumbersInfo):
        charts = [_predicted_against_true(winner, target, index) for index in range(len(target.names))]
    count, total = len(winner.samples.records), winner.samples.total
    of_all = "all" if count == total else f"{count:,} random images of"
    text = f"Trial {winner.trial} on validation. The charts show {of_all} the {total:,} validation images."
    return Section("evaluation", "Evaluation of the winner", text, charts, facts=winner.metrics)


def input_importance(winner: WinnerData) -> Section | None:
    """Return how much the winner relies on each of several inputs; None if the image is the only one."""
    if not winner.importance:
        return None
    text = (
        "By how much the first objective gets worse on the validation split when the values of one input are permuted "
        "among the images. An input that others can replace seems unimportant."
    )
    ranked = sorted(winner.importance, key=lambda column: -winner.importance[column])
    facts = {column: winner.importance[column] for column in ranked}
    return Section("importance", "Importance of the inputs", text, facts=facts)


def _confusion(winner: WinnerData, probabilities: Array, target: LabelInfo) -> Chart:
    truth, predicted = winner.samples.targets.astype(int), probabilities.argmax(axis=1)
    frequent = np.bincount(truth, minlength=len(target.classes)).argsort(kind="stable")[::-1][:MAX_CLASSES]
    counts: dict[tuple[int, int], int] = {}
    for pair in zip(truth.tolist(), predicted.tolist(), strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    shown = set(frequent.tolist())
    points = [
        {"true": target.classes[true], "predicted": target.classes[said], "images": images}
        for (true, said), images in counts.items()
        if true in shown and said in shown
    ]
    order = [name for index, name in enumerate(target.classes) if index in shown]
    encoding: dict[str, Any] = {
        "x": field("predicted", "nominal", "predicted", sort=order, scale={"domain": order}, axis={"orient": "top"}),
        "y": field("true", "nominal", "true", sort=order, scale={"domain": order}),
    }
    colour = colour_scale("images", "images")
    cells = {"mark": {"type": "rect", "tooltip": True}, "encoding": {**encoding, "color": colour}}
    text = {
        "mark": {"type": "text", "color": "white", "fontWeight": "bold"},
        "encoding": {**encoding, "text": field("images", "quantitative")},
    }
    layers = [cells, text] if len(order) <= 20 else [cells]
    left = len(target.classes) - len(order)
    note = f" ({left} rarer classes are left out)" if left else ""
    return chart(
        f"Confusion matrix: images by true and predicted class{note}",
        points,
        layer=layers,
        height=len(order) * max(14, min(34, 400 // len(order))),
    )


def _calibration(winner: WinnerData, probabilities: Array) -> Chart:
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == winner.samples.targets
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    points = [
        {
            "confidence": float(confidence[place == index].mean()),
            "accuracy": float(correct[place == index].mean()),
            "images": int((place == index).sum()),
        }
        for index in range(BINS)
        if (place == index).any()
    ]
    diagonal = {
        "data": {"values": [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "#888"},
    }
    dots = {
        "mark": {"type": "point", "filled": True, "tooltip": True},
        "encoding": {"size": field("images", "quantitative", "images")},
    }
    line = {"mark": {"type": "line"}}
    axes = {"x": number("confidence", "confidence", zero=True), "y": number("accuracy", "accuracy", zero=True)}
    description = "Calibration: accuracy against confidence in ten bins; on the dashed line, both agree"
    return chart(description, points, layer=[diagonal, line, dots], encoding=axes)


def _predicted_against_true(winner: WinnerData, target: NumbersInfo, index: int) -> Chart:
    mean, std = target.mean[index], target.std[index]
    truth = winner.samples.targets.reshape(len(winner.outputs), -1)[:, index]
    predicted = winner.outputs.reshape(len(winner.outputs), -1)[:, index] * std + mean
    points = [{"true": float(one), "predicted": float(other)} for one, other in zip(truth, predicted, strict=True)]
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    diagonal = {
        "data": {"values": [{"true": low, "predicted": low}, {"true": high, "predicted": high}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "#888"},
    }
    dots = {"mark": {"type": "point", "filled": True, "opacity": 0.6, "tooltip": True}}
    name = target.names[index]
    axes = {"x": number("true", f"true {name}"), "y": number("predicted", f"predicted {name}")}
    return chart(f"Predicted against true {name}", points, layer=[diagonal, dots], encoding=axes)
