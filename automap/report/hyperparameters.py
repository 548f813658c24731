"""What the hyperparameters did: importance, slices, parallel coordinates."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from automap.leaderboard.formatting import format_value
from automap.report.charts import Chart, bars, chart, colour_scale, field, number, state_colour
from automap.report.sampling import shown_trials
from automap.report.section import Section
from automap.report.study_data import StudyData, TrialData

MIN_TRIALS = 8
"""With fewer trials, importances are noise."""
MAX_RANKED = 1000
MAX_POINTS = 400
MAX_LINES = 150
MAX_SLICES = 6


@dataclass(frozen=True)
class Searched:
    """A hyperparameter that varies between trials."""

    name: str
    values: Mapping[int, Any]
    """By trial; only trials that have it."""

    @cached_property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values.values())

    @cached_property
    def log(self) -> bool:
        """Whether its values are better shown on a logarithmic scale."""
        if not self.numeric:
            return False
        low, high = min(self.values.values()), max(self.values.values())
        return bool(low > 0 and high / low >= 20)

    def shown(self, trial: int) -> Any:
        """Return a trial's value for a chart."""
        value = self.values[trial]
        return value if self.numeric else format_value(value)


def searched(trials: Sequence[TrialData]) -> list[Searched]:
    """Return the hyperparameters that vary, those that most trials have first."""
    found: dict[str, dict[int, Any]] = {}
    for trial in trials:
        for name, value in flat_candidate(trial.run.candidate):
            found.setdefault(name, {})[trial.run.trial] = value
    varying = [Searched(name, values) for name, values in found.items() if len({repr(v) for v in values.values()}) > 1]
    return sorted(varying, key=lambda each: -len(each.values))


def hyperparameter_section(data: StudyData) -> Section | None:
    """Return the charts of importance and slices, or None if nothing was searched."""
    known = [trial for trial in data.trials if trial.value is not None]
    varying = searched(known)
    if not varying:
        return None
    found = importances(data, known, varying)
    ordered = sorted(varying, key=lambda each: -found.get(each.name, 0.0))
    shown, note = shown_trials(data, known, MAX_POINTS)
    charts = [_importance_chart(found)] if found else []
    charts += [_slice(data, shown, each) for each in ordered[:MAX_SLICES]]
    lines, line_note = shown_trials(data, known, MAX_LINES)
    charts.append(_parallel_coordinates(data, lines, ordered[:MAX_SLICES]))
    said = "Importance: PED-ANOVA, as Optuna computes it. " if found else ""
    text = f"{said}Trials that are paused count with their last evaluation. {note or line_note}"
    return Section("hyperparameters", "Hyperparameters", text.strip(), charts)


def importances(data: StudyData, trials: Sequence[TrialData], varying: Sequence[Searched]) -> dict[str, float]:
    """Return how much of the variation of the first objective each hyperparameter explains; the sum is 1.

    PED-ANOVA (Watanabe et al., 2023, arXiv:2304.10255) over the hyperparameters that all trials have.

    Returns:
        Empty with fewer than `MIN_TRIALS` trials.
    """
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator

    trials, _ = shown_trials(data, trials, MAX_RANKED)
    shared = [each for each in varying if all(trial.run.trial in each.values for trial in trials)]
    if len(trials) < MIN_TRIALS or not shared:
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(direction="maximize" if data.maximized else "minimize")
        study.add_trials(_optuna_trials(trials, shared))
        return dict(optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))


def _optuna_trials(trials: Sequence[TrialData], shared: Sequence[Searched]) -> Iterator[Any]:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    distributions: dict[str, Any] = {}
    for each in shared:
        if each.numeric:
            low, high = min(each.values.values()), max(each.values.values())
            distributions[each.name] = FloatDistribution(float(low), float(high), log=each.log)
        else:
            labels = dict.fromkeys(str(each.shown(trial)) for trial in each.values)
            distributions[each.name] = CategoricalDistribution(list(labels))
    for trial in trials:
        values = {each.name: each.shown(trial.run.trial) for each in shared}
        yield optuna.trial.create_trial(params=values, distributions=distributions, value=trial.value)


def _importance_chart(found: Mapping[str, float]) -> Chart:
    points = [{"name": name, "importance": value} for name, value in found.items()]
    y = field("name", "nominal", None, sort="-x", axis={"labelLimit": 260})
    return bars("Importance of each hyperparameter", points, number("importance", "importance", zero=True), y)


def _slice(data: StudyData, trials: Sequence[TrialData], each: Searched) -> Chart:
    name = data.objective.name
    points = [
        {"trial": trial.run.trial, "state": trial.state, "x": each.shown(trial.run.trial), "y": trial.value}
        for trial in trials
        if trial.run.trial in each.values
    ]
    x = number("x", each.name, log=each.log) if each.numeric else field("x", "nominal", each.name)
    titles = {"trial": "trial", "state": "state", "x": each.name, "y": name}
    tooltip = [field(key, "nominal", title) for key, title in titles.items()]
    encoding = {"x": x, "y": number("y", name), "color": state_colour([trial.state for trial in trials])}
    mark = {"type": "point", "filled": True, "opacity": 0.7, "size": 40}
    return chart(f"{name} over {each.name}", points, mark=mark, encoding={**encoding, "tooltip": tooltip}, height=200)


def _parallel_coordinates(data: StudyData, trials: Sequence[TrialData], axes: Sequence[Searched]) -> Chart:
    """Return lines over one axis for each hyperparameter, each scaled to its own range."""
    places = {each.name: _places(each) for each in axes}
    objective = data.objective.name
    values = [trial.value or 0.0 for trial in trials]
    low, span = min(values), (max(values) - min(values)) or 1.0
    points = []
    for trial in trials:
        common = {"trial": trial.run.trial, objective: trial.value}
        for each in axes:
            if trial.run.trial in each.values:
                shown = each.shown(trial.run.trial)
                points.append({**common, "axis": each.name, "place": places[each.name](shown), "value": str(shown)})
        place = ((trial.value or 0.0) - low) / span
        points.append({**common, "axis": objective, "place": place, "value": f"{trial.value:.4g}"})
    order = [*(each.name for each in axes), objective]
    encoding = {
        "x": field("axis", "nominal", None, sort=order, axis={"labelAngle": -20, "labelLimit": 160}),
        "y": field("place", "quantitative", None, axis=None),
        "detail": field("trial", "nominal"),
        "color": colour_scale(objective, objective, sort="ascending" if data.maximized else "descending"),
        "tooltip": [field(key, "nominal", key) for key in ("trial", "axis", "value", objective)],
    }
    mark = {"type": "line", "opacity": 0.5, "point": {"size": 20}}
    description = f"Parallel coordinates: one line for each trial, one axis for each hyperparameter, and {objective}"
    return chart(description, points, mark=mark, encoding=encoding, height=320)


def _places(each: Searched) -> Callable[[Any], float]:
    """Return the function from a value to its place on the axis, 0 to 1."""
    if not each.numeric:
        labels = sorted({str(each.shown(trial)) for trial in each.values})
        return lambda value: labels.index(str(value)) / max(1, len(labels) - 1)
    scale = math.log if each.log else float
    low, high = scale(min(each.values.values())), scale(max(each.values.values()))
    return lambda value: (scale(value) - low) / ((high - low) or 1.0)


def flat_candidate(candidate: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield name and value of every field, named as in Optuna's tables: ``architecture.cnn.dropout``."""
    for slot, value in candidate.items():
        if slot == "augmentation":
            for index, step in enumerate(value):
                yield from _flat_component(f"{slot}[{index}]", step)
        elif slot != "dataset":
            yield from _flat_component(slot, value)


def _flat_component(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield name, value
        return
    kind = value.get("type")
    if kind is not None:
        yield name, kind
    prefix = name if kind is None else f"{name}.{kind}"
    for key, inner in value.items():
        if key != "type":
            yield from _flat_component(f"{prefix}.{key}", inner)
